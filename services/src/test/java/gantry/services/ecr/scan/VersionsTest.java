package gantry.services.ecr.scan;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.ecr.scan.Installed.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersionsTest {

  @ParameterizedTest
  @CsvSource({
    "1.0, <, 1.1",
    "1.2, <, 1.10",
    "1:1.0, >, 2.0",
    "1.0-1, <, 1.0-2",
    "1.0~rc1, <, 1.0",
    "1.0~~, <, 1.0~",
    "1.0, <, 1.0a",
    "1.0a, <, 1.0+b",
    "1.0, =, 1.0-0",
    "0:1.0, =, 1.0",
    "1.01, =, 1.1",
    "2.31-13+deb11u5, <, 2.31-13+deb11u10",
    "1.1.1n-0+deb11u3, <, 1.1.1n-0+deb11u4",
    "7.74.0-1.3+deb11u7, >, 7.74.0-1.3",
    "1.2.11.dfsg-2, <, 1.2.11.dfsg-2+deb11u1",
    "3.0.11-1~deb12u2, <, 3.0.11-1"
  })
  void dpkg(String a, String how, String b) {
    check(Kind.DPKG, a, how, b);
  }

  @ParameterizedTest
  @CsvSource({
    "1.0-r0, <, 1.0-r1",
    "1.2.3-r9, <, 1.2.3-r10",
    "1.2-r5, <, 1.2.1-r0",
    "1.10.0-r0, >, 1.9.9-r0",
    "3.0.12-r4, >, 3.0.12-r1",
    "1.36.1-r15, <, 1.36.1-r16",
    "1.2_rc1-r0, <, 1.2-r0",
    "1.2_alpha3-r0, <, 1.2_beta1-r0",
    "1.2_p1-r0, >, 1.2-r9",
    "1.2_git20230717-r4, >, 1.2-r0",
    "6.3_p20221119-r0, <, 6.3_p20230101-r0",
    "1.1.1a-r0, >, 1.1.1-r0",
    "1.1.1t-r0, <, 1.1.1u-r0",
    "2.38, =, 2.38",
    "1.2_rc1, <, 1.2_rc2"
  })
  void apk(String a, String how, String b) {
    check(Kind.APK, a, how, b);
  }

  /** Debian's own tool over random versions: all pairs of some. */
  @Test
  @Tag("client")
  void asDpkgItself() throws Exception {
    Random random = new Random(11);
    String characters = "0019.a~-+Z:";
    List<String> versions = new ArrayList<>(List.of("1.0", "1:0", "0", "1-1", "1.0~rc1-1+b2"));
    while (versions.size() < 22) {
      StringBuilder version = new StringBuilder().append(random.nextInt(3));
      for (int i = random.nextInt(9); i > 0; i--) {
        version.append(characters.charAt(random.nextInt(characters.length() - 1)));
      }
      version.append(random.nextInt(12));
      versions.add(random.nextInt(5) == 0 ? random.nextInt(3) + ":" + version : version.toString());
    }
    // One shell for all pairs: lt, eq or gt, line by line.
    StringBuilder script = new StringBuilder();
    for (String a : versions) {
      for (String b : versions) {
        script.append(
            ("if dpkg --compare-versions '%1$s' lt '%2$s'; then echo lt;"
                    + " elif dpkg --compare-versions '%1$s' eq '%2$s'; then echo eq;"
                    + " else echo gt; fi%n")
                .formatted(a, b));
      }
    }
    Process shell = new ProcessBuilder("sh").redirectError(Redirect.DISCARD).start();
    Thread feeder =
        Thread.ofVirtual()
            .start(
                () -> {
                  try (var in = shell.outputWriter()) {
                    in.write(script.toString());
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    Iterator<String> said = shell.inputReader().lines().toList().iterator();
    feeder.join();
    assertThat(shell.waitFor()).isZero();
    for (String a : versions) {
      for (String b : versions) {
        assertThat(Integer.signum(Versions.compare(Kind.DPKG, a, b)))
            .as(a + " and " + b)
            .isEqualTo(List.of("lt", "eq", "gt").indexOf(said.next()) - 1);
      }
    }
    assertThat(said.hasNext()).isFalse();
  }

  private static void check(Kind kind, String a, String how, String b) {
    int expected =
        switch (how) {
          case "<" -> -1;
          case ">" -> 1;
          default -> 0;
        };
    assertThat(Integer.signum(Versions.compare(kind, a, b))).isEqualTo(expected);
    assertThat(Integer.signum(Versions.compare(kind, b, a))).isEqualTo(-expected);
  }

  @Property(tries = 300)
  void everyVersionHasItsPlace(
      @ForAll
          @StringLength(max = 8)
          @CharRange(from = '0', to = '3')
          @Chars({'.', 'a', '~', '-', '_'})
          String a,
      @ForAll
          @StringLength(max = 8)
          @CharRange(from = '0', to = '3')
          @Chars({'.', 'a', '~', '-', '_'})
          String b) {
    for (Kind kind : Kind.values()) {
      assertThat(Versions.compare(kind, a, a)).isZero();
      assertThat(Integer.signum(Versions.compare(kind, a, b)))
          .isEqualTo(-Integer.signum(Versions.compare(kind, b, a)));
    }
  }

  @Test
  void scoresAsTheSpecificationDoes() {
    assertThat(Cvss.baseScore("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")).isEqualTo(9.8);
    assertThat(Cvss.baseScore("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N")).isEqualTo(6.1);
    assertThat(Cvss.baseScore("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N")).isEqualTo(5.5);
    assertThat(Cvss.baseScore("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H")).isEqualTo(10.0);
    assertThat(Cvss.baseScore("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N")).isEqualTo(0.0);
    assertThat(Cvss.baseScore("AV:N/AC:L/Au:N/C:P/I:P/A:P")).isNull();
  }
}
