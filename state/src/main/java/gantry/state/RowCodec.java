package gantry.state;

/** Rows to bytes and back. Memory stores need none; comes with the durable log. */
@SuppressWarnings("DoNotCallSuggester")
final class RowCodec {

  byte[] encode(Object row) {
    throw new UnsupportedOperationException("rows of " + row.getClass() + " cannot be written yet");
  }

  <V> V decode(Class<V> type, byte[] bytes) {
    throw new UnsupportedOperationException(bytes.length + " bytes of " + type + " cannot be read");
  }
}
