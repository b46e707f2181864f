package gantry.node.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.command.InspectImageResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageNameTest {

  @Test
  void takesNamesApart() {
    assertThat(ImageName.parse("busybox"))
        .isEqualTo(new ImageName("busybox", null, "busybox", "latest", null));
    assertThat(ImageName.parse("team/app:1").host()).isNull();
    assertThat(ImageName.parse("localhost:5000/app").tag()).isEqualTo("latest");
    assertThat(ImageName.parse("localhost:5000/app").host()).isEqualTo("localhost:5000");
    ImageName pinned = ImageName.parse("quay.io/a/b:1@sha256:00");
    assertThat(pinned.digest()).isEqualTo("sha256:00");
    assertThat(pinned.reference()).isEqualTo("quay.io/a/b@sha256:00");
  }

  @Test
  void knowsNamesOfAmazonEcr() {
    ImageName ecr = ImageName.parse("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1");
    assertThat(ecr.isEcr()).isTrue();
    assertThat(ecr.at("localhost:4566")).isEqualTo("localhost:4566/" + ecr.host() + "/team/app:v1");
    assertThat(ecr.pinned("sha256:11").at("localhost:4566"))
        .isEqualTo("localhost:4566/" + ecr.host() + "/team/app@sha256:11");
    assertThat(ImageName.parse("public.ecr.aws/x/y:1").isEcr()).isFalse();
    assertThat(ImageName.parse("123.dkr.ecr.us-east-1.amazonaws.com/app").isEcr()).isFalse();
  }

  @Test
  void aDigestIsOfTheRepositoryThatGaveIt() {
    InspectImageResponse pushed =
        new InspectImageResponse()
            .withRepoDigests(
                List.of(
                    "localhost:4566/123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:11",
                    "nginx@sha256:22"));
    assertThat(Images.digestOf(pushed, null, ImageName.parse("app:1"))).isNull();
    assertThat(
            Images.digestOf(
                pushed,
                null,
                ImageName.parse(
                    "localhost:4566/123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1")))
        .isEqualTo("sha256:11");
    assertThat(Images.digestOf(pushed, null, ImageName.parse("docker.io/library/nginx")))
        .isEqualTo("sha256:22");
    assertThat(Images.digestOf(pushed, "sha256:33", ImageName.parse("app:1")))
        .isEqualTo("sha256:33");
  }
}
