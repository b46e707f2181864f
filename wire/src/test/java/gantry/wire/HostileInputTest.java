package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.eks.EksClient;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.route53.Route53Client;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * Whatever bytes come: an answer with a modelled code and a status of 4xx, soon, in little memory.
 */
class HostileInputTest {
  private static final List<Class<? extends SdkClient>> HOSTED =
      List.of(
          EcsClient.class,
          DynamoDbClient.class,
          StsClient.class,
          IamClient.class,
          Ec2Client.class,
          EksClient.class,
          Route53Client.class,
          S3Client.class,
          CloudWatchClient.class);
  private static final Wire WIRE = new Wire(HOSTED);
  private static final Duration SOON = Duration.ofSeconds(60);

  private static RequestHead post(String path, String... fields) {
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    for (int i = 0; i < fields.length; i += 2) {
      headers.add(Map.entry(fields[i], fields[i + 1]));
    }
    return new RequestHead("POST", path, null, Headers.of(headers));
  }

  private static RequestHead json(String operation) {
    return post(
        "/",
        "X-Amz-Target",
        "AmazonEC2ContainerServiceV20141113." + operation,
        "Content-Type",
        "application/x-amz-json-1.1");
  }

  private static RequestHead form() {
    return post("/", "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  }

  private static RequestHead cbor(String operation) {
    return post(
        "/service/GraniteServiceVersion20100801/operation/" + operation,
        "smithy-protocol",
        "rpc-v2-cbor",
        "Content-Type",
        "application/cbor");
  }

  private static String scope(String service) {
    return "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/"
        + service
        + "/aws4_request, SignedHeaders=host, Signature=00";
  }

  private static RequestHead route53(String path) {
    return post(path, "Authorization", scope("route53"));
  }

  /** The status and the whole answer, as the front would send it. */
  private static Reply serve(RequestHead head, byte[] bytes) {
    RequestBody body = RequestBody.of(bytes);
    Route route = null;
    try {
      route = WIRE.route(head, body);
      route.validate(route.decode(body));
      return new Reply(200, List.of(), Reply.empty());
    } catch (RuntimeException e) {
      assertThat(Errors.unexpected(e)).as("a mistake of ours: %s", e).isFalse();
      return route == null ? WIRE.encodeError(head, e, "req") : route.encodeError(e, "req");
    }
  }

  private static String text(Reply reply) {
    return new String(reply.bytes(), StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static Stream<Arguments> hostile() throws IOException {
    String deep = "[".repeat(1_000_000);
    String deepObjects = "{\"a\":".repeat(500_000);
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 200; i++) {
        gzip.write(zeros);
      }
    }
    RequestHead gzipped =
        post(
            "/",
            "X-Amz-Target",
            "AmazonEC2ContainerServiceV20141113.ListClusters",
            "Content-Encoding",
            "gzip");
    RequestHead changes = route53("/2013-04-01/hostedzone/Z1/rrset/");
    return Stream.of(
        Arguments.of(
            "deep unknown lists",
            json("ListClusters"),
            utf8("{\"x\":" + deep),
            400,
            "SerializationException"),
        Arguments.of(
            "deep unknown objects",
            json("ListClusters"),
            utf8(deepObjects),
            400,
            "SerializationException"),
        Arguments.of(
            "huge number",
            json("ListClusters"),
            utf8("{\"maxResults\":1" + "0".repeat(100_000) + "}"),
            400,
            "SerializationException"),
        Arguments.of(
            "huge exponent",
            json("ListClusters"),
            utf8("{\"maxResults\":1e999999999}"),
            400,
            "SerializationException"),
        Arguments.of(
            "beyond an integer",
            json("ListClusters"),
            utf8("{\"maxResults\":4294967296}"),
            400,
            "NUMBER_VALUE cannot be converted to Integer"),
        Arguments.of(
            "text for a number",
            json("ListClusters"),
            utf8("{\"maxResults\":\"5\"}"),
            400,
            "STRING_VALUE cannot be converted to Integer"),
        Arguments.of(
            "a list for a text",
            json("ListClusters"),
            utf8("{\"nextToken\":[]}"),
            400,
            "Start of list found where not expected."),
        Arguments.of(
            "null in a list",
            json("DescribeClusters"),
            utf8("{\"clusters\":[null]}"),
            400,
            "SerializationException"),
        Arguments.of(
            "bad UTF-8",
            json("DescribeClusters"),
            new byte[] {'{', '"', (byte) 0xc3, 0x28, '"', ':', '1', '}'},
            400,
            "SerializationException"),
        Arguments.of(
            "cut off",
            json("DescribeClusters"),
            utf8("{\"clusters\":[\"a"),
            400,
            "SerializationException"),
        Arguments.of(
            "more after the end",
            json("ListClusters"),
            utf8("{} {}"),
            400,
            "SerializationException"),
        Arguments.of("no object", json("ListClusters"), utf8("[1]"), 400, "SerializationException"),
        Arguments.of(
            "no such operation", json("Launch"), utf8("{}"), 400, "UnknownOperationException"),
        Arguments.of(
            "no such target",
            post("/", "X-Amz-Target", "Nobody.Nothing"),
            utf8("{}"),
            404,
            "UnknownOperationException"),
        Arguments.of("gzip bomb", gzipped, bomb.toByteArray(), 413, "RequestEntityTooLarge"),
        Arguments.of("no gzip", gzipped, utf8("hello"), 400, "SerializationException"),
        Arguments.of(
            "bad escape",
            form(),
            utf8("Action=%zz&Version=2011-06-15"),
            400,
            "MalformedQueryString"),
        Arguments.of(
            "bad UTF-8 in a form",
            form(),
            utf8("Action=AssumeRole&Version=2011-06-15&RoleArn=%ff%fe"),
            400,
            "MalformedQueryString"),
        Arguments.of(
            "deep form",
            form(),
            utf8("Action=AssumeRole&Version=2011-06-15&" + "a.".repeat(200_000) + "b=1"),
            400,
            "MalformedQueryString"),
        Arguments.of(
            "too many parameters",
            form(),
            utf8("Action=AssumeRole&Version=2011-06-15" + "&a=1".repeat(100_000)),
            400,
            "MalformedQueryString"),
        Arguments.of(
            "no such action",
            form(),
            utf8("Action=Nothing&Version=2011-06-15"),
            400,
            "InvalidAction"),
        Arguments.of(
            "no index",
            form(),
            utf8("Action=AssumeRole&Version=2011-06-15&PolicyArns.member.x.arn=1"),
            400,
            "MalformedInput"),
        Arguments.of(
            "no number",
            form(),
            utf8("Action=ListUsers&Version=2010-05-08&MaxItems=abc"),
            400,
            "MalformedInput"),
        Arguments.of(
            "no number for EC2",
            form(),
            utf8("Action=DescribeVpcs&Version=2016-11-15&MaxResults=abc"),
            400,
            "InvalidParameterValue"),
        Arguments.of(
            "entities",
            changes,
            utf8(
                "<!DOCTYPE a [<!ENTITY x \""
                    + "y".repeat(1000)
                    + "\"><!ENTITY z \""
                    + "&x;".repeat(1000)
                    + "\">]><a><ChangeBatch><Comment>&z;</Comment></ChangeBatch></a>"),
            400,
            "MalformedInput"),
        Arguments.of(
            "external entity",
            changes,
            utf8("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
            400,
            "MalformedInput"),
        Arguments.of("deep XML", changes, utf8("<a>".repeat(300_000)), 400, "MalformedInput"),
        Arguments.of("XML cut off", changes, utf8("<a><ChangeBatch>"), 400, "MalformedInput"),
        Arguments.of("no XML", changes, utf8("{}"), 400, "MalformedInput"),
        Arguments.of(
            "S3 malformed",
            new RequestHead(
                "PUT",
                "/bucket",
                "tagging",
                Headers.of(List.of(Map.entry("Authorization", scope("s3"))))),
            utf8("<Tagging><TagSet>"),
            400,
            "MalformedXML"),
        Arguments.of(
            "CBOR cut off",
            cbor("GetDashboard"),
            new byte[] {(byte) 0xbf, 0x61},
            400,
            "SerializationException"),
        Arguments.of(
            "CBOR huge length",
            cbor("GetDashboard"),
            new byte[] {(byte) 0xbb, 0x7f, -1, -1, -1, -1, -1, -1, -1},
            400,
            "SerializationException"),
        Arguments.of(
            "CBOR huge text",
            cbor("GetDashboard"),
            new byte[] {(byte) 0xa1, 0x7b, 0x7f, -1, -1, -1, -1, -1, -1, -1},
            400,
            "SerializationException"),
        Arguments.of("CBOR deep", cbor("GetDashboard"), deepCbor(), 400, "SerializationException"),
        Arguments.of(
            "CBOR deep tags", cbor("GetDashboard"), deepTags(), 400, "SerializationException"),
        Arguments.of(
            "no such path",
            post("/nothing/here", "Authorization", scope("eks")),
            utf8("{}"),
            404,
            "UnknownOperationException"),
        Arguments.of(
            "deep document",
            post("/clusters", "Authorization", scope("eks")),
            utf8("{\"name\":" + deep),
            400,
            "SerializationException"));
  }

  private static byte[] deepCbor() {
    byte[] bytes = new byte[1_000_000];
    Arrays.fill(bytes, (byte) 0x9f);
    bytes[0] = (byte) 0xbf;
    bytes[1] = 0x61;
    bytes[2] = 'x';
    return bytes;
  }

  private static byte[] deepTags() {
    byte[] bytes = deepCbor();
    Arrays.fill(bytes, 3, bytes.length, (byte) 0xc1);
    return bytes;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void isRefusedInTheProtocolsOwnWords(
      String name, RequestHead head, byte[] body, int status, String says) {
    Reply reply = assertTimeoutPreemptively(SOON, () -> serve(head, body), name);

    assertThat(reply.status()).as(text(reply)).isEqualTo(status);
    assertThat(text(reply) + reply.header("x-amzn-ErrorType")).contains(says);
    assertThat(reply.bytes().length).isLessThan(4000);
  }

  @Test
  void aBodyBeyondTheLimitIsNotKept() {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 'x';
          }

          @Override
          public int read(byte[] to, int from, int length) {
            return length;
          }
        };
    RequestBody body = RequestBody.of(endless);
    assertThatThrownBy(body::bytes)
        .isInstanceOfSatisfying(WireException.class, e -> assertThat(e.status()).isEqualTo(413));
  }

  @Test
  void aPatternThatBacktracksWithoutEndFails() {
    assertTimeoutPreemptively(
        SOON,
        () -> {
          String name = "a".repeat(60_000) + "!";
          byte[] body = utf8("Action=GetRole&Version=2010-05-08&RoleName=" + name);
          assertThat(text(serve(form(), body)))
              .contains("ValidationError")
              .contains("at 'roleName' failed to satisfy constraint");
        });
  }

  /** Bytes near to real requests, broken at random: always an answer, never a mistake of ours. */
  @ParameterizedTest
  @ValueSource(longs = {1, 20261121, 0})
  void brokenRequestsAreRefused(long given) {
    long seed = given == 0 ? System.nanoTime() : given;
    Random random = new Random(seed);
    List<byte[]> bodies =
        List.of(
            utf8(
                "{\"clusters\":[\"a\",\"b\"],\"include\":[\"TAGS\"],\"x\":{\"y\":[1,2.5e3,null,true]}}"),
            utf8(
                "Action=AssumeRole&Version=2011-06-15&RoleArn=a&Tags.member.1.Key=k&Tags.member.1.Value=v"),
            utf8(
                "Action=RunInstances&Version=2016-11-15&ImageId=ami-1&TagSpecification.1.Tag.1.Key=a&MinCount=1"),
            utf8(
                "<?xml version=\"1.0\"?><R"
                    + " xmlns=\"n\"><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><TTL>5</TTL></ResourceRecordSet></Change></Changes></ChangeBatch></R>"),
            new byte[] {
              (byte) 0xbf,
              0x69,
              'S',
              't',
              'a',
              'r',
              't',
              'T',
              'i',
              'm',
              'e',
              (byte) 0xc1,
              (byte) 0xfb,
              0x41,
              (byte) 0xd9,
              0,
              0,
              0,
              0,
              0,
              0,
              (byte) 0xff
            });
    List<RequestHead> heads =
        List.of(
            json("DescribeClusters"),
            form(),
            form(),
            route53("/2013-04-01/hostedzone/Z1/rrset/"),
            cbor("GetMetricData"));
    assertTimeoutPreemptively(
        Duration.ofMinutes(5),
        () -> {
          for (int i = 0; i < 5_000; i++) {
            int kind = random.nextInt(bodies.size());
            byte[] bytes = broken(bodies.get(kind), random);
            try {
              Reply reply = serve(heads.get(kind), bytes);
              assertThat(reply.status()).isBetween(200, 499);
            } catch (RuntimeException | AssertionError e) {
              throw new AssertionError(
                  "seed "
                      + seed
                      + " round "
                      + i
                      + " kind "
                      + kind
                      + ": "
                      + HexFormat.of().formatHex(bytes),
                  e);
            }
          }
        });
  }

  private static byte[] broken(byte[] whole, Random random) {
    byte[] bytes = whole.clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at + 1);
        default -> {
          byte[] more = new byte[bytes.length + at + 1];
          System.arraycopy(bytes, 0, more, 0, at);
          System.arraycopy(bytes, 0, more, at, bytes.length);
          bytes = more;
        }
      }
    }
    return bytes;
  }

  @Test
  void aMistakeOfOursShowsNothing() {
    Route route = WIRE.route(json("ListClusters"), RequestBody.of(utf8("{}")));
    Reply reply = route.encodeError(new IllegalStateException("password=hunter2"), "req");

    assertThat(reply.status()).isEqualTo(500);
    assertThat(text(reply)).contains("InternalFailure").doesNotContain("hunter2");
    assertThat(reply.header("x-amzn-RequestId")).isEqualTo("req");
  }

  @Test
  void whatIsNotImplementedNamesTheOperation() {
    EcsClient nothing =
        new EcsClient() {
          @Override
          public String serviceName() {
            return "ecs";
          }

          @Override
          public void close() {}
        };
    Route route = WIRE.route(json("ListClusters"), RequestBody.of(utf8("{}")));
    assertThatThrownBy(
            () ->
                route
                    .operation()
                    .invoke(nothing, route.decode(RequestBody.of(utf8("{}"))), null, null))
        .isInstanceOfSatisfying(
            WireException.class,
            e -> {
              assertThat(e.status()).isEqualTo(501);
              assertThat(e.text()).contains("ecs:ListClusters");
            });
  }
}
