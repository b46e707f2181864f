package gantry.traffic.dns;

import org.jspecify.annotations.Nullable;

/** The record types that zones may hold, with their numbers on the wire. */
public enum RecordType {
  A(1),
  NS(2),
  CNAME(5),
  SOA(6),
  PTR(12),
  MX(15),
  TXT(16),
  AAAA(28),
  SRV(33),
  NAPTR(35),
  DS(43),
  SSHFP(44),
  TLSA(52),
  SVCB(64),
  HTTPS(65),
  SPF(99),
  CAA(257);

  /** The type of EDNS's pseudo record. */
  static final int OPT = 41;

  /** The questions for a copy of a zone. */
  static final int IXFR = 251;

  static final int AXFR = 252;

  /** The question for whatever there is. */
  static final int ANY = 255;

  private static final @Nullable RecordType[] BY_CODE = new RecordType[258];

  static {
    for (RecordType type : values()) {
      BY_CODE[type.code] = type;
    }
  }

  private final int code;

  RecordType(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  static @Nullable RecordType of(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }
}
