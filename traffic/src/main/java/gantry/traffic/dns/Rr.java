package gantry.traffic.dns;

/** One record of an answer that came from elsewhere, with every name in it written out. */
@SuppressWarnings(
    "ArrayRecordComponent") // Bytes on their way from packet to packet; nobody compares or changes
// them.
record Rr(byte[] owner, int type, int ttl, byte[] data) {}
