package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.wire.protocol.Codecs;
import gantry.wire.protocol.Fault;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.smithy.aws.traits.protocols.AwsQueryErrorTrait;
import software.amazon.smithy.model.Model;
import software.amazon.smithy.model.knowledge.TopDownIndex;
import software.amazon.smithy.model.shapes.OperationShape;
import software.amazon.smithy.model.shapes.ServiceShape;
import software.amazon.smithy.model.shapes.ShapeId;
import software.amazon.smithy.model.shapes.StructureShape;
import software.amazon.smithy.model.traits.ErrorTrait;
import software.amazon.smithy.model.traits.HttpErrorTrait;
import software.amazon.smithy.model.traits.HttpTrait;
import software.amazon.smithy.model.traits.StreamingTrait;
import software.amazon.smithy.model.traits.XmlNamespaceTrait;
import software.amazon.smithy.protocoltests.traits.AppliesTo;
import software.amazon.smithy.protocoltests.traits.HttpMessageTestCase;
import software.amazon.smithy.protocoltests.traits.HttpRequestTestCase;
import software.amazon.smithy.protocoltests.traits.HttpRequestTestsTrait;
import software.amazon.smithy.protocoltests.traits.HttpResponseTestCase;
import software.amazon.smithy.protocoltests.traits.HttpResponseTestsTrait;

/**
 * Smithy's own protocol tests for servers, against the codecs that serve the SDK's shapes. What
 * does not pass stands in smithy-gaps.txt with its reason; a gap that passes has to leave the list.
 */
class SmithyProtocolTest {
  private static final Map<ShapeId, Protocol> PROTOCOLS =
      Map.of(
          ShapeId.from("aws.protocols#awsJson1_0"), Protocol.AWS_JSON_1_0,
          ShapeId.from("aws.protocols#awsJson1_1"), Protocol.AWS_JSON_1_1,
          ShapeId.from("aws.protocols#awsQuery"), Protocol.AWS_QUERY,
          ShapeId.from("aws.protocols#ec2Query"), Protocol.EC2_QUERY,
          ShapeId.from("aws.protocols#restJson1"), Protocol.REST_JSON,
          ShapeId.from("aws.protocols#restXml"), Protocol.REST_XML);

  private final Map<String, String> failures = new TreeMap<>();
  private int run;

  @Test
  void theServersHalfOfTheSuite() throws IOException {
    Model model = Model.assembler().discoverModels().assemble().unwrap();
    for (ServiceShape service : model.getServiceShapes()) {
      PROTOCOLS.forEach(
          (trait, protocol) -> {
            if (service.hasTrait(trait)) {
              service(model, service, trait, protocol);
            }
          });
    }
    Map<String, String> gaps = gaps();
    Map<String, String> unknown = new TreeMap<>(failures);
    unknown.keySet().removeAll(gaps.keySet());
    assertThat(unknown).as("%d of %d cases fail", failures.size(), run).isEmpty();
    assertThat(new TreeSet<>(gaps.keySet())).as("gaps that are none").isEqualTo(failures.keySet());
    assertThat(run).isGreaterThan(500);
  }

  /** Lines of a test's id and, after a blank, why it does not pass. */
  private static Map<String, String> gaps() throws IOException {
    Map<String, String> gaps = new TreeMap<>();
    try (InputStream in =
        Objects.requireNonNull(
            SmithyProtocolTest.class.getResourceAsStream("/gantry/wire/smithy-gaps.txt"))) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          String[] parts = line.split(" +", 2);
          assertThat(parts).as("a gap needs a reason: %s", line).hasSize(2);
          gaps.put(parts[0], parts[1]);
        }
      }
    }
    return gaps;
  }

  private void service(Model model, ServiceShape service, ShapeId trait, Protocol protocol) {
    SmithyShapes shapes = new SmithyShapes(model, protocol);
    ServiceInfo info =
        new ServiceInfo(
            service.getId().getName().equals("AmazonS3") ? "s3" : service.getId().getName(),
            "",
            "",
            "",
            "",
            service.getVersion(),
            List.of(protocol.modelName()),
            "",
            service.getId().getName(),
            service.getTrait(XmlNamespaceTrait.class).map(XmlNamespaceTrait::getUri).orElse(""),
            service.hasTrait("aws.protocols#awsQueryCompatible"));
    for (OperationShape operation : TopDownIndex.of(model).getContainedOperations(service)) {
      StructureShape in = model.expectShape(operation.getInputShape(), StructureShape.class);
      StructureShape out = model.expectShape(operation.getOutputShape(), StructureShape.class);
      HttpTrait http = operation.getTrait(HttpTrait.class).orElse(null);
      boolean rest = protocol == Protocol.REST_JSON || protocol == Protocol.REST_XML;
      Binding binding =
          new Binding(
              info,
              operation.getId().getName(),
              UriTemplate.parse(
                  http == null || !rest ? "POST" : http.getMethod(),
                  http == null || !rest ? "/" : http.getUri().toString(),
                  List.of()),
              http == null ? 200 : http.getCode(),
              protocol == Protocol.AWS_QUERY && !out.members().isEmpty()
                  ? operation.getId().getName() + "Result"
                  : "",
              xmlRoot(shapes, out),
              shapes.shape(in),
              shapes.shape(out),
              false,
              false);
      operation
          .getTrait(HttpRequestTestsTrait.class)
          .ifPresent(
              t ->
                  t.getTestCases().stream()
                      .filter(c -> applies(c, trait))
                      .forEach(c -> check(c, () -> request(binding, shapes, protocol, c))));
      operation
          .getTrait(HttpResponseTestsTrait.class)
          .ifPresent(
              t ->
                  t.getTestCases().stream()
                      .filter(c -> applies(c, trait))
                      .forEach(
                          c -> check(c, () -> response(binding, model, out, shapes, protocol, c))));
      for (ShapeId id : operation.getErrors()) {
        StructureShape error = model.expectShape(id, StructureShape.class);
        error
            .getTrait(HttpResponseTestsTrait.class)
            .ifPresent(
                t ->
                    t.getTestCases().stream()
                        .filter(c -> applies(c, trait))
                        .forEach(c -> check(c, () -> error(binding, error, shapes, protocol, c))));
      }
    }
  }

  private static String xmlRoot(SmithyShapes shapes, StructureShape out) {
    Member payload = shapes.shape(out).payload;
    if (payload == null || payload.kind != Kind.STRUCTURE) {
      return payload == null ? shapes.shape(out).name : "";
    }
    return payload.wireName.equals(payload.name) ? payload.shape().name : payload.wireName;
  }

  private static boolean applies(HttpMessageTestCase test, ShapeId trait) {
    return test.getProtocol().equals(trait)
        && test.getAppliesTo().map(a -> a == AppliesTo.SERVER).orElse(true);
  }

  private interface Check {
    void run() throws Exception;
  }

  private void check(HttpMessageTestCase test, Check check) {
    run++;
    try {
      check.run();
    } catch (Throwable e) {
      failures.put(test.getId(), RoundTripTest.first(e).replace('\n', ' '));
    }
  }

  private static void request(
      Binding binding, SmithyShapes shapes, Protocol protocol, HttpRequestTestCase test) {
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    test.getHeaders().forEach((name, value) -> headers.add(Map.entry(name, value)));
    test.getResolvedHost()
        .or(test::getHost)
        .ifPresent(host -> headers.add(Map.entry("Host", host)));
    RequestHead head =
        new RequestHead(
            test.getMethod(),
            test.getUri(),
            test.getQueryParams().isEmpty() ? null : String.join("&", test.getQueryParams()),
            Headers.of(headers));
    UriTemplate.Match match =
        binding
            .uri()
            .match(head, Wire.path(binding.service(), head), Uris.parameters(head.query()));
    assertThat(match).as("%s %s", test.getMethod(), test.getUri()).isNotNull();
    byte[] body = test.getBody().orElse("").getBytes(StandardCharsets.UTF_8);
    Object got =
        Codecs.of(protocol)
            .decode(binding, head, match == null ? Map.of() : match.labels(), RequestBody.of(body));
    assertThat(SmithyShapes.canonical(got))
        .isEqualTo(SmithyShapes.canonical(shapes.value(binding.input(), test.getParams())));
  }

  private static void response(
      Binding binding,
      Model model,
      StructureShape out,
      SmithyShapes shapes,
      Protocol protocol,
      HttpResponseTestCase test)
      throws Exception {
    Map<String, @Nullable Object> value = shapes.value(binding.output(), test.getParams());
    Reply.Content streamed = null;
    Member payload = binding.output().payload;
    if (payload != null
        && model
            .expectShape(out.getMember(payload.name).orElseThrow().getTarget())
            .hasTrait(StreamingTrait.class)) {
      SdkBytes bytes = (SdkBytes) value.getOrDefault(payload.name, SdkBytes.fromUtf8String(""));
      streamed = new Reply.Content.Whole(bytes == null ? new byte[0] : bytes.asByteArray());
    }
    compare(Codecs.of(protocol).encode(binding, value, "requestid", streamed), test);
  }

  private static void error(
      Binding binding,
      StructureShape error,
      SmithyShapes shapes,
      Protocol protocol,
      HttpResponseTestCase test)
      throws Exception {
    Shape whole = shapes.shape(error);
    Map<String, @Nullable Object> value = shapes.value(whole, test.getParams());
    boolean sender = error.expectTrait(ErrorTrait.class).isClientError();
    Object message = value.remove("message");
    boolean json =
        protocol == Protocol.AWS_JSON_1_0
            || protocol == Protocol.AWS_JSON_1_1
            || protocol == Protocol.REST_JSON;
    Object upper = json ? null : value.remove("Message");
    String name = error.getId().getName();
    AwsQueryErrorTrait query = error.getTrait(AwsQueryErrorTrait.class).orElse(null);
    int status =
        query != null && protocol == Protocol.AWS_QUERY
            ? query.getHttpResponseCode()
            : error
                .getTrait(HttpErrorTrait.class)
                .map(HttpErrorTrait::getCode)
                .orElse(sender ? 400 : 500);
    Fault fault =
        new Fault(
            query == null ? name : query.getCode(),
            name,
            status,
            sender,
            (String) (message == null ? upper : message),
            whole,
            value);
    List<Map.Entry<String, String>> headers = List.of(Map.entry("x-amzn-query-mode", "true"));
    compare(
        Codecs.of(protocol)
            .encodeError(
                binding.service(),
                new RequestHead("POST", "/", null, Headers.of(headers)),
                fault,
                "foo-id"),
        test);
  }

  private static void compare(Reply reply, HttpResponseTestCase test) throws Exception {
    assertThat(reply.status()).isEqualTo(test.getCode());
    Headers headers = Headers.of(reply.headers());
    test.getHeaders()
        .forEach(
            (name, value) ->
                assertThat(String.join(", ", headers.all(name))).as(name).isEqualTo(value));
    test.getForbidHeaders().forEach(name -> assertThat(headers.first(name)).as(name).isNull());
    test.getRequireHeaders().forEach(name -> assertThat(headers.first(name)).as(name).isNotNull());
    String body = new String(reply.bytes(), StandardCharsets.UTF_8);
    String expected = test.getBody().orElse(null);
    if (expected == null) {
      return;
    }
    String type = test.getBodyMediaType().orElse("").toLowerCase(Locale.ROOT);
    if (type.endsWith("json")) {
      assertThat(json(body)).isEqualTo(json(expected));
    } else if (type.endsWith("xml")) {
      // AWS's answers carry the request id; most of the suite's leave it out.
      assertThat(expected.contains("equestId>") ? xml(body) : withoutId(xml(body)))
          .isEqualTo(xml(expected));
    } else {
      assertThat(body).isEqualTo(expected);
    }
  }

  private static String json(String text) throws IOException {
    if (text.isEmpty()) {
      return "";
    }
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      parser.nextToken();
      Object value = json(parser);
      if (value instanceof Map<?, ?> map) {
        // Beside the suite's members, errors carry their type and message.
        map.remove("__type");
      }
      return SmithyShapes.canonical(value);
    }
  }

  private static @Nullable Object json(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          map.put(name, json(parser));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(json(parser));
        }
        yield list;
      }
      case VALUE_NUMBER_FLOAT, VALUE_NUMBER_INT -> parser.getDecimalValue();
      case VALUE_NULL -> null;
      default -> parser.getText();
    };
  }

  private static String withoutId(String xml) {
    return xml.replace("<ResponseMetadata{}><RequestId{}>requestid</></>", "")
        .replace("<requestId{}>requestid</>", "");
  }

  private static String xml(String text) throws Exception {
    if (text.isBlank()) {
      return "";
    }
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    return xml(
        factory
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(text)))
            .getDocumentElement());
  }

  /** Elements in an order of their own: forms, not documents, decide what order means. */
  private static String xml(Element element) {
    StringBuilder out = new StringBuilder("<").append(element.getTagName());
    TreeMap<String, String> attributes = new TreeMap<>();
    NamedNodeMap all = element.getAttributes();
    for (int i = 0; i < all.getLength(); i++) {
      attributes.put(all.item(i).getNodeName(), all.item(i).getNodeValue());
    }
    out.append(attributes).append('>');
    List<String> children = new ArrayList<>();
    StringBuilder characters = new StringBuilder();
    for (Node node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element child) {
        children.add(xml(child));
      } else {
        characters.append(node.getTextContent());
      }
    }
    children.sort(null);
    children.forEach(out::append);
    return out.append(children.isEmpty() ? characters : characters.toString().strip())
        .append("</>")
        .toString();
  }
}
