package gantry.services.ecr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecr.LifecyclePolicy.Candidate;
import gantry.services.ecr.LifecyclePolicy.CountType;
import gantry.services.ecr.LifecyclePolicy.Rule;
import gantry.services.ecr.LifecyclePolicy.TagStatus;
import gantry.services.ecr.LifecyclePolicy.Verdict;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;

class LifecyclePolicyTest {

  private static final Instant NOW = Instant.parse("2026-01-31T00:00:00Z");

  /** The user guide's examples: images as {@code NAME=tags;age}, rules, what expires. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "A=beta-1,prod-1;10 B=beta-2,prod-2;9 C=beta-3;8 | prefix prod >1, prefix beta >1 | A",
        "A=beta-1,prod-1;10 B=beta-2,prod-2;9 C=beta-3;8 | prefix beta >1, prefix prod >1 | A B",
        "A=alpha-1;12 B=beta-1;11 C=alpha-2,beta-2;10 D=alpha-3;4 E=beta-3;3 F=alpha-4,beta-4;2 | prefix alpha+beta 5d | C",
        "A=alpha,beta,gamma;10 B=alpha,beta;9 C=alpha,beta,gamma;8 | prefix alpha+beta >1 | A B",
        "A=alpha-1;4 B=beta-1;3 C=;2 D=alpha-2;1 | any >1 | A B C",
        "A=alpha-1,beta-1;4 B=;3 C=alpha-2;2 D=hash;1 E=;1 | prefix alpha >1, untagged 1d, any >1 | A B D",
        "A=v1;9 B=v2;8 C=release-3;7 | pattern v* >1 | A",
        "A=prod-a-x;9 B=prod-b;8 | pattern prod*x 1d | A"
      })
  void actsAsTheGuideSays(String images, String rules, String expired) {
    List<Candidate> candidates = new ArrayList<>();
    int i = 0;
    for (String image : images.trim().split(" ", -1)) {
      String[] parts = image.split("[=;]", -1);
      candidates.add(
          new Candidate(
              parts[0],
              parts[1].isEmpty() ? List.of() : Arrays.asList(parts[1].split(",", -1)),
              NOW.minus(Duration.ofDays(Integer.parseInt(parts[2]))).plusSeconds(i++),
              null,
              false,
              null,
              null));
    }
    assertThat(
            LifecyclePolicyText.parseAnyLength(policy(rules.trim()))
                .evaluate(candidates, NOW)
                .stream()
                .map(verdict -> verdict.image().digest())
                .sorted()
                .toList())
        .containsExactlyElementsOf(Arrays.asList(expired.trim().split(" ", -1)));
  }

  private static String policy(String rules) {
    StringBuilder json = new StringBuilder("{\"rules\":[");
    int priority = 1;
    for (String rule : rules.split(", ", -1)) {
      String[] words = rule.split(" ", -1);
      String count = words[words.length - 1];
      String selection =
          switch (words[0]) {
            case "prefix" ->
                "\"tagStatus\":\"tagged\",\"tagPrefixList\":[\""
                    + words[1].replace("+", "\",\"")
                    + "\"]";
            case "pattern" -> "\"tagStatus\":\"tagged\",\"tagPatternList\":[\"" + words[1] + "\"]";
            default -> "\"tagStatus\":\"" + words[0] + "\"";
          };
      json.append(priority == 1 ? "" : ",")
          .append("{\"rulePriority\":")
          .append(priority++)
          .append(",\"selection\":{")
          .append(selection)
          .append(
              count.startsWith(">")
                  ? ",\"countType\":\"imageCountMoreThan\",\"countNumber\":" + count.substring(1)
                  : ",\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":"
                      + count.replace("d", ""))
          .append("},\"action\":{\"type\":\"expire\"}}");
    }
    return json.append("]}").toString();
  }

  @Test
  void archivesAndExpiresTheArchive() {
    LifecyclePolicy policy =
        LifecyclePolicyText.parse(
            """
            {"rules":[
              {"rulePriority":2,"selection":{"tagStatus":"any","storageClass":"archive","countType":"sinceImageTransitioned","countUnit":"days","countNumber":100},"action":{"type":"expire"}},
              {"rulePriority":1,"selection":{"tagStatus":"any","countType":"sinceImagePulled","countUnit":"days","countNumber":30},"action":{"type":"transition","targetStorageClass":"archive"}}
            ]}""");
    Instant old = NOW.minus(Duration.ofDays(200));
    Candidate pulled = new Candidate("pulled", List.of("a"), old, NOW, false, null, null);
    Candidate idle = new Candidate("idle", List.of("b"), old, old, false, null, null);
    Candidate never = new Candidate("never", List.of(), old, null, false, null, null);
    Candidate archived = new Candidate("archived", List.of("c"), old, old, true, old, null);
    Candidate fresh = new Candidate("fresh", List.of("d"), old, old, true, NOW, null);
    assertThat(
            policy.evaluate(List.of(pulled, idle, never, archived, fresh), NOW).stream()
                .map(verdict -> verdict.image().digest() + " " + verdict.rule().action()))
        .containsExactlyInAnyOrder("idle TRANSITION", "never TRANSITION", "archived EXPIRE");
    assertThat(policy.text()).startsWith("{\"rules\":[{\"rulePriority\":1,");
    assertThat(LifecyclePolicyText.parse(policy.text()).rules()).isEqualTo(policy.rules());
  }

  @Test
  void nothingGoesFromTheArchiveBeforeItsTime() {
    String text =
        """
        {"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","storageClass":"archive","countType":"sinceImageTransitioned","countUnit":"days","countNumber":30},"action":{"type":"expire"}}]}""";
    assertThatThrownBy(() -> LifecyclePolicyText.parse(text))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessageContaining("lower than the required minimum (minimum: 90, found: 30)");
    // One that was stored when that was not asked for.
    Candidate young = archivedFor(60);
    Candidate old = archivedFor(91);
    assertThat(LifecyclePolicyText.parseAnyLength(text).evaluate(List.of(young, old), NOW))
        .extracting(verdict -> verdict.image())
        .containsExactly(old);
  }

  private static Candidate archivedFor(int days) {
    Instant at = NOW.minus(Duration.ofDays(days));
    return new Candidate("archived" + days, List.of("a"), at, null, true, at, null);
  }

  /** AWS: a restored image behaves like one that was just pushed. */
  @Test
  void aRestoredImageIsAsGoodAsNew() {
    Instant old = NOW.minus(Duration.ofDays(200));
    Instant yesterday = NOW.minus(Duration.ofDays(1));
    Candidate restored = new Candidate("restored", List.of("a"), old, old, false, old, yesterday);
    Candidate idle = new Candidate("idle", List.of("b"), old, old, false, null, null);
    Candidate newer =
        new Candidate(
            "newer", List.of("c"), NOW.minus(Duration.ofDays(2)), null, false, null, null);
    for (String count : List.of("sinceImagePulled", "sinceImagePushed")) {
      assertThat(
              LifecyclePolicyText.parseAnyLength(
                      "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\""
                          + count
                          + "\",\"countUnit\":\"days\",\"countNumber\":30},\"action\":{\"type\":\"transition\",\"targetStorageClass\":\"archive\"}}]}")
                  .evaluate(List.of(restored, idle, newer), NOW)
                  .stream()
                  .map(verdict -> verdict.image().digest()))
          .as(count)
          .containsExactly("idle");
    }
    assertThat(
            LifecyclePolicyText.parseAnyLength(policy("any >1"))
                .evaluate(List.of(restored, idle, newer), NOW)
                .stream()
                .map(verdict -> verdict.image().digest()))
        .as("the youngest stays")
        .containsExactly("newer", "idle");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "nonsense | Could not map policyString into LifecyclePolicy.",
        "{} | object has missing required properties ([\"rules\"])",
        "{\"rules\":[],\"x\":1} | object instance has properties which are not allowed by the schema: ([\"x\"])",
        "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"some\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]} | instance value (\"some\") not found in enum",
        "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"tagged\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]} | instance failed to match exactly one schema (matched 0 out of 2)",
        "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countUnit\":\"days\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]} | instance failed to match",
        "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"sinceImagePushed\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]} | missing required properties ([\"countUnit\"])",
        "{\"rules\":[{\"rulePriority\":0,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]} | lower than the required minimum"
      })
  void refusesWhatIsNoPolicy(String text, String why) {
    assertThatThrownBy(() -> LifecyclePolicyText.parseAnyLength(text))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessageContaining("Lifecycle policy validation failure: ")
        .hasMessageContaining(why);
  }

  @Test
  void refusesRulesThatDoNotGoTogether() {
    assertThatThrownBy(() -> LifecyclePolicyText.parseAnyLength(policy("any >1, untagged >1")))
        .hasMessageContaining("highest rulePriority");
    assertThatThrownBy(() -> LifecyclePolicyText.parseAnyLength(policy("untagged >1, untagged 2d")))
        .hasMessageContaining("untagged");
    assertThatThrownBy(() -> LifecyclePolicyText.parseAnyLength(policy("prefix a >1, prefix a 2d")))
        .hasMessageContaining("unique");
    assertThatThrownBy(() -> LifecyclePolicyText.parseAnyLength(policy("pattern a*b*c*d*e* >1")))
        .hasMessageContaining("wildcards");
  }

  // ---- properties

  @Provide
  Arbitrary<List<Candidate>> images() {
    Arbitrary<List<String>> tags =
        Arbitraries.of("a-1", "a-2", "b-1", "b-2", "c").list().uniqueElements().ofMaxSize(3);
    return Combinators.combine(tags, Arbitraries.integers().between(0, 40))
        .as(
            (some, days) ->
                new Candidate("", some, NOW.minus(Duration.ofDays(days)), null, false, null, null))
        .list()
        .ofMaxSize(12)
        .map(
            list -> {
              List<Candidate> named = new ArrayList<>();
              for (int i = 0; i < list.size(); i++) {
                named.add(
                    new Candidate(
                        "d" + i,
                        list.get(i).tags(),
                        list.get(i).pushedAt(),
                        null,
                        false,
                        null,
                        null));
              }
              return named;
            });
  }

  @Provide
  Arbitrary<String> policies() {
    Arbitrary<String> count =
        Arbitraries.integers().between(1, 20).flatMap(n -> Arbitraries.of(">" + n, n + "d"));
    Arbitrary<String> tagged =
        Combinators.combine(
                Arbitraries.of("prefix a", "pattern *-1", "pattern a*+", "prefix a+b"), count)
            .as((what, n) -> what + " " + n);
    return Combinators.combine(
            tagged.list().ofMinSize(1).ofMaxSize(1),
            count.map(n -> "untagged " + n).list().ofMaxSize(1),
            count.map(n -> "any " + n).list().ofMaxSize(1))
        .as(
            (a, b, c) -> {
              List<String> all = new ArrayList<>(a);
              all.addAll(b);
              all.addAll(c);
              return policy(String.join(", ", all));
            });
  }

  @Property(tries = 400)
  void anImageIsActedOnByOneRuleOrNone(
      @ForAll("images") List<Candidate> images, @ForAll("policies") String text) {
    LifecyclePolicy policy = LifecyclePolicyText.parseAnyLength(text);
    List<Verdict> verdicts = policy.evaluate(images, NOW);
    Set<String> seen = new HashSet<>();
    for (Verdict verdict : verdicts) {
      assertThat(seen.add(verdict.image().digest())).isTrue();
      for (Rule rule : policy.rules()) {
        if (rule.priority() < verdict.rule().priority()) {
          assertThat(isOf(rule, verdict.image())).as("%s takes %s", rule, verdict).isFalse();
        }
      }
    }
  }

  @Property(tries = 400)
  void aCountRuleKeepsThatManyOfTheYoungest(
      @ForAll("images") List<Candidate> images, @ForAll("policies") String text) {
    LifecyclePolicy policy = LifecyclePolicyText.parseAnyLength(text);
    List<Verdict> verdicts = policy.evaluate(images, NOW);
    for (Rule rule : policy.rules()) {
      if (rule.countType() != CountType.IMAGE_COUNT_MORE_THAN) {
        for (Verdict verdict : verdicts) {
          if (verdict.rule().equals(rule)) {
            assertThat(verdict.image().pushedAt())
                .isBefore(NOW.minus(Duration.ofDays(rule.countNumber())));
          }
        }
        continue;
      }
      for (Verdict verdict : verdicts) {
        if (verdict.rule().equals(rule)) {
          long younger =
              images.stream()
                  .filter(each -> isOf(rule, each))
                  .filter(each -> !each.pushedAt().isBefore(verdict.image().pushedAt()))
                  .count();
          assertThat(younger).isGreaterThan(rule.countNumber());
        }
      }
    }
  }

  @Property(tries = 200)
  void applyingItTwiceAtOnceChangesNothingMore(
      @ForAll("images") List<Candidate> images, @ForAll("policies") String text) {
    LifecyclePolicy policy = LifecyclePolicyText.parseAnyLength(text);
    if (policy.rules().size() > 1) {
      // With several rules, what one expires can make room under another's count.
      return;
    }
    List<Candidate> left = new ArrayList<>(images);
    policy.evaluate(images, NOW).forEach(verdict -> left.remove(verdict.image()));
    assertThat(policy.evaluate(left, NOW)).isEmpty();
  }

  private static boolean isOf(Rule rule, Candidate image) {
    if (rule.tagStatus() != TagStatus.TAGGED) {
      return rule.tagStatus() == TagStatus.ANY || image.tags().isEmpty();
    }
    return !image.tags().isEmpty()
        && rule.patterns().stream()
            .allMatch(
                pattern -> image.tags().stream().anyMatch(tag -> Names.matches(pattern, tag)));
  }
}
