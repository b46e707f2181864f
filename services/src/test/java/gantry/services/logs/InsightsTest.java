package gantry.services.logs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a query makes of one event. */
class InsightsTest {

  private static final String MESSAGE =
      "{\"ip\":\"10.1.2.3\",\"six\":\"2001:db8::7\",\"word\":\"xxabxx\",\"n\":7}";

  private static List<Map<String, String>> rows(String query) {
    Insights insights = InsightsParser.parse(query);
    return insights
        .run(Stream.of(new Insights.Row(new Event(0, 0, 0, 1, MESSAGE), "1:g", "s")))
        .map(insights::cells)
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "isValidIp(ip) | 1",
        "isValidIp(six) | 1",
        "isValidIp(word) | 0",
        "isValidIp('10.1') | 0",
        "isValidIpV4(ip) | 1",
        "isValidIpV4(six) | 0",
        "isValidIpV6(six) | 1",
        "isIpInSubnet(ip, '10.0.0.0/8') | 1",
        "isIpInSubnet(ip, '10.1.2.4/31') | 0",
        "isIpInSubnet(six, '2001:db8::/32') | 1",
        "isIpInSubnet(six, '10.0.0.0/8') | 0",
        "isIpInSubnet(ip, '10.0.0.0/99') | 0",
        "isIpv4InSubnet(ip, '10.1.2.3/32') | 1",
        "isIpv6InSubnet(ip, '10.0.0.0/8') | 0",
        "trim(word, 'x') | ab",
        "ltrim(word, 'x') | abxx",
        "rtrim(word, 'x') | xxab",
        "unmask(word) | xxabxx",
        "strcontains(word, 'ab') | 1",
        "strcontains(word, 'ba') + 2 | 2",
      })
  void functionsSayWhatTheGuideSays(String expression, String value) {
    assertThat(rows("fields " + expression + " as v").getFirst()).containsEntry("v", value);
  }

  @Test
  void whatIsTrueOrNotIsACondition() {
    assertThat(rows("filter isIpInSubnet(ip, '10.0.0.0/8')")).hasSize(1);
    assertThat(rows("filter strcontains(word, 'zz')")).isEmpty();
    assertThat(rows("filter strcontains(word, 'ab') = 1")).hasSize(1);
    assertThat(rows("stats sum(isValidIp(ip)) as n").getFirst()).containsEntry("n", "1");
  }

  @Test
  void aCommentIsNoPartOfAName() {
    assertThat(rows("fields n # the number\n | limit 1").getFirst()).containsEntry("n", "7");
    assertThat(rows("fields n+1 # one more\n, n").getFirst()).containsKeys("n+1", "n");
    assertThat(rows("stats count(*) # all\n by word # each").getFirst())
        .containsEntry("count(*)", "1")
        .containsEntry("word", "xxabxx");
  }
}
