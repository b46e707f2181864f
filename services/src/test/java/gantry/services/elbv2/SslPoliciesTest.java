package gantry.services.elbv2;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Cipher;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SslPolicy;

/** The policies against what AWS's tables say of them. */
class SslPoliciesTest {

  /** Name, oldest and newest version, ciphers in all, the last of them. */
  @ParameterizedTest
  @CsvSource({
    "TLS13-1-3-2021-06, TLSv1.3, TLSv1.3, 3, TLS_CHACHA20_POLY1305_SHA256",
    "TLS13-1-2-2021-06, TLSv1.2, TLSv1.3, 11, ECDHE-RSA-AES256-SHA384",
    "TLS13-1-2-Res-2021-06, TLSv1.2, TLSv1.3, 7, ECDHE-RSA-AES256-GCM-SHA384",
    "TLS13-1-2-Ext2-2021-06, TLSv1.2, TLSv1.3, 21, AES256-SHA",
    "TLS13-1-2-Ext1-2021-06, TLSv1.2, TLSv1.3, 15, AES256-SHA256",
    "TLS13-1-1-2021-06, TLSv1.1, TLSv1.3, 21, AES256-SHA",
    "TLS13-1-0-2021-06, TLSv1, TLSv1.3, 21, AES256-SHA",
    "TLS13-1-2-Res-PQ-2025-09, TLSv1.2, TLSv1.3, 7, ECDHE-RSA-AES256-GCM-SHA384",
    "TLS-1-2-Ext-2018-06, TLSv1.2, TLSv1.2, 18, AES256-SHA",
    "TLS-1-2-2017-01, TLSv1.2, TLSv1.2, 12, AES256-SHA256",
    "TLS-1-1-2017-01, TLSv1.1, TLSv1.2, 18, AES256-SHA",
    "2016-08, TLSv1, TLSv1.2, 18, AES256-SHA",
    "FS-1-2-Res-2020-10, TLSv1.2, TLSv1.2, 4, ECDHE-RSA-AES256-GCM-SHA384",
    "FS-1-2-Res-2019-08, TLSv1.2, TLSv1.2, 8, ECDHE-RSA-AES256-SHA384",
    "FS-1-2-2019-08, TLSv1.2, TLSv1.2, 12, ECDHE-RSA-AES256-SHA",
    "FS-1-1-2019-08, TLSv1.1, TLSv1.2, 12, ECDHE-RSA-AES256-SHA",
    "FS-2018-06, TLSv1, TLSv1.2, 12, ECDHE-RSA-AES256-SHA",
  })
  void aPolicyIsAsAwsDescribesIt(
      String name, String oldest, String newest, int ciphers, String last) {
    SslPolicy policy = SslPolicies.describe("ELBSecurityPolicy-" + name);
    assertThat(policy.sslProtocols()).startsWith(oldest).endsWith(newest);
    List<String> names = policy.ciphers().stream().map(Cipher::name).toList();
    assertThat(names).hasSize(ciphers).endsWith(last).doesNotHaveDuplicates();
    assertThat(policy.ciphers()).extracting(Cipher::priority).isSorted().startsWith(1);
  }

  @Test
  void onlyPoliciesThatSaySoAreHybrid() {
    for (String name : SslPolicies.NAMES) {
      var policy = SslPolicies.find(name);
      assertThat(policy).isNotNull();
      assertThat(policy.postQuantum()).as(name).isEqualTo(name.contains("-PQ-"));
    }
  }

  @Test
  void theOldestPolicyIsForNetworkBalancers() {
    assertThat(SslPolicies.describe("ELBSecurityPolicy-2015-05").supportedLoadBalancerTypes())
        .containsExactly("network");
    assertThat(SslPolicies.describe("ELBSecurityPolicy-2016-08").supportedLoadBalancerTypes())
        .containsExactly("application", "network");
  }
}
