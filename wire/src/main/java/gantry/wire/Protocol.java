package gantry.wire;

import gantry.wire.protocol.Codec;
import gantry.wire.protocol.Codecs;

/** The protocols, by the names that the models give them. */
public enum Protocol {
  AWS_JSON_1_0("json"),
  AWS_JSON_1_1("json"),
  AWS_QUERY("query"),
  EC2_QUERY("ec2"),
  REST_JSON("rest-json"),
  REST_XML("rest-xml"),
  RPC_V2_CBOR("smithy-rpc-v2-cbor");

  private final String modelName;

  Protocol(String modelName) {
    this.modelName = modelName;
  }

  public String modelName() {
    return modelName;
  }

  public Codec codec() {
    return Codecs.of(this);
  }
}
