package gantry.wire.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.CreateClusterRequest;
import software.amazon.awssdk.services.ecs.model.CreateClusterResponse;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.Ulimit;

class CoverageTest {

  /** Reads some members, by call and by reference, and keeps others without reading them. */
  static final class SampleEcs implements EcsClient {
    private final List<ContainerDefinition> kept = new ArrayList<>();

    @Override
    public CreateClusterResponse createCluster(CreateClusterRequest request) {
      List<String> keys = request.tags().stream().map(Tag::key).toList();
      return CreateClusterResponse.builder()
          .cluster(Cluster.builder().clusterName(request.clusterName() + keys).build())
          .build();
    }

    @Override
    public RegisterTaskDefinitionResponse registerTaskDefinition(
        RegisterTaskDefinitionRequest request) {
      kept.addAll(request.containerDefinitions());
      return RegisterTaskDefinitionResponse.builder()
          .taskDefinition(
              t ->
                  t.family(request.family())
                      .containerDefinitions(kept)
                      .revision(kept.getFirst().image().length()))
          .build();
    }

    @Override
    public String serviceName() {
      return "ecs";
    }

    @Override
    public void close() {}
  }

  private static BytecodeScan scan() throws IOException {
    BytecodeScan scan = new BytecodeScan();
    try (InputStream in = CoverageTest.class.getResourceAsStream("CoverageTest$SampleEcs.class")) {
      assertThat(in).isNotNull();
      scan.add(ClassFile.of().parse(in.readAllBytes()));
    }
    return scan;
  }

  @Test
  void tellsWhatIsSetAndNeverRead() throws IOException {
    IgnoredMembers ignored = new IgnoredMembers(ReadMembers.parse(scan().reads().format()));

    assertThat(ignored.of(CreateClusterRequest.builder().clusterName("a").build())).isEmpty();
    assertThat(
            ignored.of(
                CreateClusterRequest.builder()
                    .clusterName("a")
                    .tags(Tag.builder().key("k").value("v").build())
                    .capacityProviders("FARGATE")
                    .build()))
        .containsExactly("capacityProviders", "tags.value");
  }

  @Test
  void whatIsKeptWholeIsNotRead() throws IOException {
    IgnoredMembers ignored = new IgnoredMembers(scan().reads());

    assertThat(
            ignored.of(
                RegisterTaskDefinitionRequest.builder()
                    .family("f")
                    .containerDefinitions(
                        ContainerDefinition.builder().image("i").build(),
                        ContainerDefinition.builder()
                            .image("i")
                            .cpu(1)
                            .ulimits(Ulimit.builder().softLimit(1).build())
                            .build())
                    .build()))
        .containsExactly("containerDefinitions.cpu", "containerDefinitions.ulimits");
  }

  @Test
  void writesTheDocument() throws IOException {
    String document = CoverageMain.document(scan());

    assertThat(document)
        .contains("| ECS | 2 of ")
        .contains("| CreateCluster | `tags.value`, `settings`");
    assertThat(document).contains("Not implemented: ").contains("RunTask");
    assertThat(document).doesNotContain("## SSM");
  }
}
