package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CipherNamesTest {

  @ParameterizedTest
  @CsvSource({
    "TLS_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-SHA384, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    "ECDHE-ECDSA-AES128-SHA, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "AES128-GCM-SHA256, TLS_RSA_WITH_AES_128_GCM_SHA256",
    "AES256-SHA256, TLS_RSA_WITH_AES_256_CBC_SHA256",
    "AES256-SHA, TLS_RSA_WITH_AES_256_CBC_SHA",
  })
  void aSuiteHasTwoNames(String openSsl, String iana) {
    assertThat(CipherNames.iana(openSsl)).isEqualTo(iana);
    assertThat(CipherNames.openSsl(iana)).isEqualTo(openSsl);
  }
}
