package gantry.wire.protocol;

import gantry.wire.Protocol;

/** The codec of each protocol; one that is never spoken is never loaded. */
public final class Codecs {
  private Codecs() {}

  public static Codec of(Protocol protocol) {
    return switch (protocol) {
      case AWS_JSON_1_0 -> Json10.CODEC;
      case AWS_JSON_1_1 -> Json11.CODEC;
      case AWS_QUERY -> Query.CODEC;
      case EC2_QUERY -> Ec2.CODEC;
      case REST_JSON -> Rest.JSON;
      case REST_XML -> Xml.CODEC;
      case RPC_V2_CBOR -> Cbor.CODEC;
    };
  }

  private static final class Json10 {
    static final Codec CODEC = new AwsJson("1.0");
  }

  private static final class Json11 {
    static final Codec CODEC = new AwsJson("1.1");
  }

  private static final class Query {
    static final Codec CODEC = new QueryCodec(false);
  }

  private static final class Ec2 {
    static final Codec CODEC = new QueryCodec(true);
  }

  private static final class Rest {
    static final Codec JSON = new RestJson();
  }

  private static final class Xml {
    static final Codec CODEC = new RestXml();
  }

  private static final class Cbor {
    static final Codec CODEC = new RpcCbor();
  }
}
