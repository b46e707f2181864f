package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import gantry.services.iam.IamAuthorizer.Mode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsResponse;
import software.amazon.awssdk.services.ecr.model.FindingSeverity;
import software.amazon.awssdk.services.ecr.model.LimitExceededException;
import software.amazon.awssdk.services.ecr.model.ScanNotFoundException;
import software.amazon.awssdk.services.ecr.model.ScanStatus;

@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class ScannerTest {

  @TempDir Path folder;
  private Path list;

  @BeforeEach
  void writeList() throws IOException {
    list = Files.createDirectory(folder.resolve("osv"));
  }

  private World world() throws IOException {
    return new World(
            folder.resolve("store"),
            new EcrSettings(
                World.HOME, true, list, Mode.AUDIT, ImagesInUse.NONE, Upstream.NONE, Set.of()))
        .repository("app");
  }

  private void vulnerability(String id, String ecosystem, String name, String fixed)
      throws IOException {
    Files.writeString(
        list.resolve(id + ".json"),
        """
        {"id":"%s","modified":"2026-01-0%sT00:00:00Z","aliases":["CVE-2026-%s"],"details":"bad",
         "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
         "references":[{"type":"WEB","url":"https://example.com/%s"}],
         "affected":[{"package":{"ecosystem":"%s","name":"%s"},
           "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"%s"}]}]}]}
        """
            .formatted(id, 1 + id.length() % 9, id, id, ecosystem, name, fixed));
  }

  private static final String DPKG =
      """
      Package: libssl3
      Status: install ok installed
      Source: openssl
      Version: 3.0.11-1~deb12u2

      Package: removed
      Status: deinstall ok config-files
      Version: 1.0

      Package: zlib1g
      Status: install ok installed
      Source: zlib (1:1.2.13.dfsg-1)
      Version: 1:1.2.13.dfsg-1+b1
      """;

  @Test
  void findsWhatDebianHasInstalled() throws IOException {
    vulnerability("D1", "Debian:12", "openssl", "3.0.13-1~deb12u1");
    vulnerability("D2", "Debian:12", "zlib", "1:1.2.13.dfsg-1");
    vulnerability("D3", "Debian:11", "openssl", "9");
    vulnerability("D4", "Debian:12", "removed", "9");
    try (World world = world()) {
      push(
          world,
          tar(Map.of("./etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")),
          gzip(tar(Map.of("var/lib/dpkg/status", DPKG))));
      var findings = scan(world);
      assertThat(findings.imageScanStatus().status()).isEqualTo(ScanStatus.COMPLETE);
      assertThat(findings.imageScanFindings().findings())
          .singleElement()
          .satisfies(
              finding -> {
                assertThat(finding.name()).isEqualTo("CVE-2026-D1");
                assertThat(finding.severity()).isEqualTo(FindingSeverity.CRITICAL);
                assertThat(finding.uri()).isEqualTo("https://example.com/D1");
                assertThat(finding.attributes())
                    .extracting(each -> each.key() + "=" + each.value())
                    .contains(
                        "package_name=libssl3",
                        "package_version=3.0.11-1~deb12u2",
                        "fixed_version=3.0.13-1~deb12u1",
                        "CVSS3_SCORE=9.8");
              });
      assertThat(findings.imageScanFindings().findingSeverityCounts())
          .containsEntry(FindingSeverity.CRITICAL, 1)
          .hasSize(1);
      assertThat(findings.imageScanFindings().vulnerabilitySourceUpdatedAt()).isNotNull();
      assertThatThrownBy(
              () ->
                  world.call(
                      ecr ->
                          ecr.startImageScan(
                              r -> r.repositoryName("app").imageId(i -> i.imageTag("v1")))))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("The scan quota per image has been exceeded. Wait and try again.");
    }
  }

  @Test
  void findsWhatAlpineHasInstalledAndLaterLayersChange() throws IOException {
    vulnerability("A1", "Alpine:v3.20", "busybox", "1.36.1-r29");
    vulnerability("A2", "Alpine:v3.20", "openssl", "3.3.1-r1");
    String before =
        "C:Q1\nP:ssl_client\nV:1.36.1-r28\no:busybox\n\nP:libcrypto3\nV:3.3.0-r2\no:openssl\n";
    String after = before.replace("1.36.1-r28", "1.36.1-r29");
    try (World world = world()) {
      push(
          world,
          gzip(
              tar(
                  Map.of(
                      "etc/os-release",
                      "ID=alpine\nVERSION_ID=3.20.3\n",
                      "lib/apk/db/installed",
                      before))),
          Zstd.compress(tar(Map.of("lib/apk/db/installed", after))));
      assertThat(scan(world).imageScanFindings().findings())
          .singleElement()
          .satisfies(finding -> assertThat(finding.name()).isEqualTo("CVE-2026-A2"));
    }
  }

  @Test
  void whitedOutDatabasesCountNoMore() throws IOException {
    vulnerability("D1", "Debian:12", "openssl", "9");
    try (World world = world()) {
      push(
          world,
          tar(Map.of("etc/os-release", "ID=debian\nVERSION_ID=12\n", "var/lib/dpkg/status", DPKG)),
          tar(Map.of("var/lib/dpkg/.wh.status", "")));
      assertThat(scan(world).imageScanStatus().status()).isEqualTo(ScanStatus.UNSUPPORTED_IMAGE);
    }
  }

  @Test
  void saysThatThereIsNoDataRatherThanNothingFound() throws IOException {
    try (World world = world()) {
      push(world, tar(Map.of("etc/os-release", "ID=debian\nVERSION_ID=12\n")));
      var answer = scan(world);
      assertThat(answer.imageScanStatus().status()).isEqualTo(ScanStatus.FINDINGS_UNAVAILABLE);
      assertThat(answer.imageScanStatus().description()).startsWith("No vulnerability data");
      assertThat(answer.imageScanFindings()).isNull();
    }
  }

  @Test
  void scansOnPushWhereTheRegistrySaysSo() throws IOException {
    vulnerability("D1", "Debian:12", "openssl", "9");
    try (World world = world()) {
      byte[] status =
          tar(
              Map.of(
                  "etc/os-release",
                  "ID=debian\nVERSION_ID=12\n",
                  "var/lib/dpkg/status.d/libssl3",
                  "Package: libssl3\nSource: openssl\nVersion: 3.0\n"));
      push(world, status);
      assertThatThrownBy(() -> describe(world)).isInstanceOf(ScanNotFoundException.class);
      world.call(
          ecr ->
              ecr.putRegistryScanningConfiguration(
                  r ->
                      r.scanType("BASIC")
                          .rules(
                              rule ->
                                  rule.scanFrequency("SCAN_ON_PUSH")
                                      .repositoryFilters(
                                          f -> f.filterType("WILDCARD").filter("a*")))));
      push(world, status, tar(Map.of("x", "y")));
      assertThat(describe(world).imageScanStatus().status()).isEqualTo(ScanStatus.PENDING);
      world.settle();
      assertThat(describe(world).imageScanFindings().findings()).hasSize(1);
    }
  }

  private static DescribeImageScanFindingsResponse scan(World world) {
    world.call(
        ecr -> ecr.startImageScan(r -> r.repositoryName("app").imageId(i -> i.imageTag("v1"))));
    world.settle();
    return describe(world);
  }

  private static DescribeImageScanFindingsResponse describe(World world) {
    return world.call(
        ecr ->
            ecr.describeImageScanFindings(
                r -> r.repositoryName("app").imageId(i -> i.imageTag("v1"))));
  }

  private static void push(World world, byte[]... layers) throws IOException {
    byte[] config = "{}".getBytes(UTF_8);
    world.pushBlob("app", config);
    for (byte[] layer : layers) {
      world.pushBlob("app", layer);
    }
    assertThat(
            world
                .pushManifest("app", "v1", Manifests.image(config, layers), Manifest.OCI_MANIFEST)
                .statusCode())
        .isEqualTo(201);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static byte[] tar(Map<String, String> files) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Map.Entry<String, String> file : new LinkedHashMap<>(files).entrySet()) {
      byte[] content = file.getValue().getBytes(UTF_8);
      byte[] header = new byte[512];
      byte[] name = file.getKey().getBytes(UTF_8);
      System.arraycopy(name, 0, header, 0, name.length);
      byte[] size = String.format("%011o", content.length).getBytes(UTF_8);
      System.arraycopy(size, 0, header, 124, size.length);
      header[156] = '0';
      System.arraycopy("ustar\00000".getBytes(UTF_8), 0, header, 257, 8);
      out.write(header);
      out.write(content);
      out.write(new byte[(512 - content.length % 512) % 512]);
    }
    out.write(new byte[1024]);
    return out.toByteArray();
  }
}
