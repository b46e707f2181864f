package gantry.wire.schema;

/** What a member holds. */
public enum Kind {
  STRING,
  BOOLEAN,
  BYTE,
  SHORT,
  INTEGER,
  LONG,
  FLOAT,
  DOUBLE,
  BIG_DECIMAL,
  TIMESTAMP,
  BLOB,
  DOCUMENT,
  LIST,
  MAP,
  STRUCTURE
}
