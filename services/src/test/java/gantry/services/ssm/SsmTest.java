package gantry.services.ssm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.*;

class SsmTest {

  private static final Scope HERE = new Scope("111122223333", "eu-west-1");

  private final VirtualTime time = new VirtualTime();
  private final SeededIds ids = new SeededIds(1);
  private final Store store =
      MemoryStore.of(time, ParameterTables.PARAMETERS, ParameterTables.VERSIONS);
  private final SecretBox box = new AesGcmSecretBox(ids.bytes(AesGcmSecretBox.KEY_BYTES), ids);
  private final SsmClient ssm =
      new Ssm(
          new ServiceContext(
              store,
              time,
              time,
              ids,
              FixedClients.of(),
              Path.of("unused"),
              new ServiceContext.Endpoint("localhost", 4566)),
          box);

  private <R> R as(Scope scope, Function<SsmClient, R> call) {
    Caller caller =
        new Caller(
            scope.account(),
            scope.region(),
            "arn:aws:iam::" + scope.account() + ":user/ann",
            "AIDA",
            null,
            Map.of(),
            "request",
            null,
            null);
    return ScopedValue.where(Caller.CURRENT, caller).call(() -> call.apply(ssm));
  }

  private <R> R call(Function<SsmClient, R> call) {
    return as(HERE, call);
  }

  private PutParameterResponse put(Consumer<PutParameterRequest.Builder> request) {
    return call(client -> client.putParameter(request));
  }

  private PutParameterResponse put(String name, String value) {
    return put(r -> r.name(name).value(value).type(ParameterType.STRING).overwrite(true));
  }

  private Parameter get(String name) {
    return call(client -> client.getParameter(r -> r.name(name).withDecryption(true))).parameter();
  }

  private void refused(Class<? extends Exception> type, String text, Runnable call) {
    assertThatThrownBy(call::run).isInstanceOf(type).hasMessageContaining(text);
  }

  @Test
  void aParameterIsMadeReadOverwrittenAndDeleted() {
    assertThat(put(r -> r.name("/app/url").value("http://a").type("String")).version()).isOne();
    refused(
        ParameterAlreadyExistsException.class,
        "set the overwrite option",
        () -> put(r -> r.name("/app/url").value("x").type("String")));
    time.advance(Duration.ofSeconds(5));
    PutParameterResponse second = put(r -> r.name("/app/url").value("http://b").overwrite(true));
    assertThat(second.version()).isEqualTo(2);
    assertThat(second.tier()).isEqualTo(ParameterTier.STANDARD);

    Parameter parameter = get("/app/url");
    assertThat(parameter)
        .isEqualTo(
            Parameter.builder()
                .name("/app/url")
                .arn("arn:aws:ssm:eu-west-1:111122223333:parameter/app/url")
                .type("String")
                .value("http://b")
                .version(2L)
                .dataType("text")
                .lastModifiedDate(VirtualTime.START.plusSeconds(5))
                .build());
    assertThat(get(parameter.arn())).isEqualTo(parameter);
    Parameter first = get("/app/url:1");
    assertThat(first.value()).isEqualTo("http://a");
    assertThat(first.selector()).isEqualTo(":1");
    assertThat(first.name()).isEqualTo("/app/url");
    refused(
        ParameterVersionNotFoundException.class,
        "could not find version 9 of /app/url",
        () -> get("/app/url:9"));
    refused(
        ParameterNotFoundException.class,
        "",
        () ->
            as(
                new Scope("111122223333", "us-east-1"),
                c -> c.getParameter(r -> r.name("/app/url"))));

    call(client -> client.deleteParameter(r -> r.name("/app/url")));
    refused(ParameterNotFoundException.class, "", () -> get("/app/url"));
    assertThat(store.snapshot().count(ParameterTables.VERSIONS, HERE)).isZero();
    refused(
        ParameterNotFoundException.class,
        "",
        () -> call(client -> client.deleteParameter(r -> r.name("/app/url"))));
  }

  @Test
  void anArnNamesAParameterWithoutASlashToo() {
    put("plain", "v");
    Parameter parameter = get("plain");
    assertThat(parameter.arn()).isEqualTo("arn:aws:ssm:eu-west-1:111122223333:parameter/plain");
    assertThat(get(parameter.arn() + ":1").value()).isEqualTo("v");
    refused(
        ParameterNotFoundException.class,
        "",
        () -> get("arn:aws:ssm:eu-west-1:999999999999:parameter/plain"));
  }

  @ParameterizedTest
  @CsvSource({
    "app/url, Parameter name must be a fully qualified name.",
    "awsome, can't be prefixed with \"aws\" or \"ssm\"",
    "SSMthing, can't be prefixed with \"aws\" or \"ssm\"",
    "/ssm/x, can't be prefixed with \"ssm\"",
    "/with space, can't be prefixed with \"ssm\"",
    "/a//b, can't be prefixed with \"ssm\"",
    "/aws/x, No access to reserved parameter name: aws/x.",
    "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16, maximum of 15 levels",
  })
  void namesAreCheckedAsAwsDoes(String name, String text) {
    refused(SsmException.class, text, () -> put(name, "v"));
  }

  @Test
  void aSecureStringIsKeptEncryptedAndShownOnRequest() {
    put(r -> r.name("/db/password").value("s3cret").type("SecureString"));
    Parameter closed = call(c -> c.getParameter(r -> r.name("/db/password"))).parameter();
    assertThat(closed.value()).isNotEqualTo("s3cret").matches("[A-Za-z0-9+/=]+");
    assertThat(get("/db/password").value()).isEqualTo("s3cret");
    assertThat(store.snapshot().scanAll(ParameterTables.VERSIONS).map(Object::toString))
        .noneMatch(row -> row.contains("s3cret"));
    put(r -> r.name("/db/password").value("n3w").overwrite(true));
    assertThat(get("/db/password").value()).isEqualTo("n3w");
    assertThat(get("/db/password:1").value()).isEqualTo("s3cret");
    assertThat(
            call(c ->
                    c.describeParameters(
                        r -> r.parameterFilters(filter("Type", null, "SecureString"))))
                .parameters())
        .extracting(ParameterMetadata::keyId)
        .containsExactly("alias/aws/ssm");
    refused(
        InvalidKeyIdException.class,
        "alias/mine",
        () -> put(r -> r.name("/k").value("v").type("SecureString").keyId("alias/mine")));
    refused(
        HierarchyTypeMismatchException.class,
        "can't be changed",
        () -> put(r -> r.name("/db/password").value("v").type("String").overwrite(true)));
    refused(
        SsmException.class,
        "KeyId is required for SecureString",
        () -> put(r -> r.name("/k").value("v").type("String").keyId("alias/mine")));
  }

  @Test
  void aSealedBoxOpensOnlyInItsOwnContext() {
    byte[] sealed = box.seal(new byte[] {1, 2, 3}, Map.of("a", "b"));
    assertThat(box.open(sealed, Map.of("a", "b"))).containsExactly(1, 2, 3);
    assertThatThrownBy(() -> box.open(sealed, Map.of("a", "c")))
        .isInstanceOf(SecretBox.CannotOpen.class);
    sealed[sealed.length - 1] ^= 1;
    assertThatThrownBy(() -> box.open(sealed, Map.of("a", "b")))
        .isInstanceOf(SecretBox.CannotOpen.class);
  }

  @Test
  void severalAtOnceComeSortedAndUnknownOnesAreListed() {
    put("/b", "2");
    put("/a", "1");
    GetParametersResponse response =
        call(c -> c.getParameters(r -> r.names("/b", "/none", "/a", "/a:7")));
    assertThat(response.parameters()).extracting(Parameter::value).containsExactly("1", "2");
    assertThat(response.invalidParameters()).containsExactly("/none", "/a:7");
    refused(
        SsmException.class,
        "Member must have length less than or equal to 10",
        () ->
            call(
                c ->
                    c.getParameters(
                        r -> r.names(IntStream.range(0, 11).mapToObj(i -> "/n" + i).toList()))));
    DeleteParametersResponse deleted = call(c -> c.deleteParameters(r -> r.names("/a", "/none")));
    assertThat(deleted.deletedParameters()).containsExactly("/a");
    assertThat(deleted.invalidParameters()).containsExactly("/none");
  }

  @Test
  void aPathListsItsChildrenInPages() {
    for (String name :
        List.of("/app/a", "/app/b", "/app/sub/c", "/app/sub/d", "/apple", "/app", "top")) {
      put(name, name);
    }
    assertThat(paths("/app", false, 10)).containsExactly("/app/a", "/app/b");
    assertThat(paths("/app/", true, 1))
        .containsExactly("/app/a", "/app/b", "/app/sub/c", "/app/sub/d");
    assertThat(paths("/", false, 10)).containsExactly("/app", "/apple", "top");
    assertThat(paths("/nothing", true, 10)).isEmpty();
    refused(
        InvalidNextTokenException.class,
        "not valid",
        () -> call(c -> c.getParametersByPath(r -> r.path("/app").nextToken("garbage"))));
    refused(SsmException.class, "must begin with a forward slash", () -> paths("app", true, 10));
    refused(
        InvalidFilterKeyException.class,
        "Valid filter keys include: [Type, KeyId, Label]",
        () ->
            call(
                c ->
                    c.getParametersByPath(
                        r -> r.path("/app").parameterFilters(filter("Name", null, "x")))));
  }

  private List<String> paths(String path, boolean recursive, int max) {
    List<String> names = new ArrayList<>();
    String token = null;
    do {
      String next = token;
      GetParametersByPathResponse page =
          call(
              c ->
                  c.getParametersByPath(
                      r -> r.path(path).recursive(recursive).maxResults(max).nextToken(next)));
      assertThat(page.parameters().size()).isLessThanOrEqualTo(max);
      page.parameters().forEach(parameter -> names.add(parameter.name()));
      token = page.nextToken();
    } while (token != null);
    return names;
  }

  private static ParameterStringFilter filter(
      String key, @org.jspecify.annotations.Nullable String option, String... values) {
    return ParameterStringFilter.builder().key(key).option(option).values(values).build();
  }

  private List<String> described(ParameterStringFilter... filters) {
    return call(c -> c.describeParameters(r -> r.parameterFilters(filters))).parameters().stream()
        .map(ParameterMetadata::name)
        .toList();
  }

  @Test
  void descriptionsAreFiltered() {
    put(
        r ->
            r.name("/app/one")
                .value("1")
                .type("String")
                .tags(Tag.builder().key("env").value("prod").build()));
    put(r -> r.name("/app/two").value("a,b").type("StringList").tier("Advanced").description("d"));
    put("/app/deep/three", "3");
    assertThat(described()).containsExactly("/app/deep/three", "/app/one", "/app/two");
    assertThat(described(filter("Name", "Contains", "e")))
        .containsExactly("/app/deep/three", "/app/one");
    assertThat(described(filter("Name", "BeginsWith", "/app/t"))).containsExactly("/app/two");
    assertThat(described(filter("Name", null, "/app/one"))).containsExactly("/app/one");
    assertThat(described(filter("Path", null, "/app"))).containsExactly("/app/one", "/app/two");
    assertThat(described(filter("Path", "Recursive", "/app"), filter("Type", null, "String")))
        .containsExactly("/app/deep/three", "/app/one");
    assertThat(described(filter("tag:env", null, "prod"))).containsExactly("/app/one");
    assertThat(described(filter("tag:env", null))).containsExactly("/app/one");
    assertThat(described(filter("Tier", null, "Advanced"))).containsExactly("/app/two");
    refused(
        InvalidFilterKeyException.class,
        "The following filter key is not valid: Label.",
        () -> described(filter("Label", null, "x")));
    refused(
        InvalidFilterOptionException.class,
        "The following filter option is not valid: Near.",
        () -> described(filter("Name", "Near", "x")));
    assertThat(call(c -> c.describeParameters(r -> r.shared(true))).parameters()).isEmpty();
    ParameterMetadata two =
        call(c ->
                c.describeParameters(
                    r ->
                        r.filters(
                            ParametersFilter.builder().key("Name").values("/app/tw").build())))
            .parameters()
            .getFirst();
    assertThat(two.description()).isEqualTo("d");
    assertThat(two.lastModifiedUser()).isEqualTo("arn:aws:iam::111122223333:user/ann");
  }

  @Test
  void labelsMoveAndSelect() {
    put("/l", "1");
    put("/l", "2");
    LabelParameterVersionResponse response =
        call(
            c ->
                c.labelParameterVersion(
                    r -> r.name("/l").parameterVersion(1L).labels("prod", "1st", "awsome")));
    assertThat(response.invalidLabels()).containsExactly("1st", "awsome");
    assertThat(get("/l:prod").value()).isEqualTo("1");
    call(c -> c.labelParameterVersion(r -> r.name("/l").labels("prod")));
    assertThat(get("/l:prod").value()).isEqualTo("2");
    assertThat(get("/l:prod").selector()).isEqualTo(":prod");
    List<ParameterHistory> history =
        call(c -> c.getParameterHistory(r -> r.name("/l"))).parameters();
    assertThat(history).extracting(ParameterHistory::version).containsExactly(1L, 2L);
    assertThat(history.getFirst().labels()).isEmpty();
    assertThat(history.getLast().labels()).containsExactly("prod");
    assertThat(
            call(c ->
                    c.unlabelParameterVersion(
                        r -> r.name("/l").parameterVersion(2L).labels("prod", "none")))
                .invalidLabels())
        .containsExactly("none");
    refused(ParameterVersionNotFoundException.class, "prod", () -> get("/l:prod"));
    refused(
        ParameterVersionLabelLimitExceededException.class,
        "maximum 10 labels",
        () -> {
          call(
              c ->
                  c.labelParameterVersion(
                      r ->
                          r.name("/l")
                              .labels(IntStream.range(0, 6).mapToObj(i -> "a" + i).toList())));
          call(
              c ->
                  c.labelParameterVersion(
                      r ->
                          r.name("/l")
                              .labels(IntStream.range(0, 6).mapToObj(i -> "b" + i).toList())));
        });
  }

  @Test
  void aHundredVersionsAreKeptAndALabelledOneIsNotDropped() {
    for (int i = 1; i <= 101; i++) {
      put("/v", "value " + i);
    }
    refused(ParameterVersionNotFoundException.class, "version 1 of", () -> get("/v:1"));
    assertThat(get("/v:2").value()).isEqualTo("value 2");
    call(c -> c.labelParameterVersion(r -> r.name("/v").parameterVersion(2L).labels("keep")));
    refused(
        ParameterMaxVersionLimitExceededException.class,
        "Version 2, the oldest version, can't be deleted because it has a label",
        () -> put("/v", "one more"));
    assertThat(get("/v").version()).isEqualTo(101);
  }

  @Test
  void tiersHaveTheirSizes() {
    String big = "x".repeat(4097);
    refused(SsmException.class, "Standard tier parameters support a maximum", () -> put("/t", big));
    assertThat(put(r -> r.name("/t").value(big).type("String").tier("Intelligent-Tiering")).tier())
        .isEqualTo(ParameterTier.ADVANCED);
    assertThat(put(r -> r.name("/t").value("s").overwrite(true)).tier())
        .isEqualTo(ParameterTier.ADVANCED);
    refused(
        SsmException.class,
        "You can't downgrade",
        () -> put(r -> r.name("/t").value("s").overwrite(true).tier("Standard")));
    refused(
        SsmException.class,
        "maximum parameter value of 8192",
        () -> put(r -> r.name("/u").value("x".repeat(8193)).type("String").tier("Advanced")));
  }

  @Test
  void valuesMustFitTheirPatternAndDataType() {
    put(r -> r.name("/n").value("12").type("String").allowedPattern("^\\d+$"));
    refused(
        ParameterPatternMismatchException.class,
        "cannot be validated against allowedPattern: ^\\d+$",
        () -> put(r -> r.name("/n").value("twelve").overwrite(true)));
    refused(
        InvalidAllowedPatternException.class,
        "",
        () -> put(r -> r.name("/m").value("1").type("String").allowedPattern("(")));
    refused(
        InvalidAllowedPatternException.class,
        "takes too long",
        () ->
            put(
                r ->
                    r.name("/m")
                        .value("a".repeat(300))
                        .type("String")
                        .allowedPattern("a*a*a*a*b")));
    refused(
        SsmException.class,
        "The following data type is not supported: Text",
        () -> put(r -> r.name("/m").value("1").type("String").dataType("Text")));
    refused(
        SsmException.class,
        "tags and overwrite can't be used together",
        () ->
            put(
                r ->
                    r.name("/n")
                        .value("1")
                        .overwrite(true)
                        .tags(Tag.builder().key("k").value("v").build())));
    refused(
        SsmException.class,
        "A parameter type is required",
        () -> put(r -> r.name("/none").value("1")));
  }

  @Test
  void anExpirationPolicyDeletesTheParameterInTime() {
    try (ControllerRunner runner = ControllerRunner.virtual(store, time, ids)) {
      runner.add(SsmService.expirations(store, time));
      String policy =
          "[{\"Type\":\"Expiration\",\"Version\":\"1.0\",\"Attributes\":{\"Timestamp\":\"2026-01-02T00:00:00.000Z\"}}]";
      refused(
          SsmException.class,
          "advanced-parameter tier only",
          () -> put(r -> r.name("/x").value("v").type("String").policies(policy)));
      put(r -> r.name("/x").value("v").type("String").tier("Advanced").policies(policy));
      put(r -> r.name("/y").value("v").type("String").tier("Advanced").policies(policy));
      put(r -> r.name("/y").value("v2").overwrite(true).policies("[{}]"));
      time.advance(Duration.ofHours(23));
      assertThat(get("/x").value()).isEqualTo("v");
      time.advance(Duration.ofHours(2));
      refused(ParameterNotFoundException.class, "", () -> get("/x"));
      assertThat(get("/y").value()).isEqualTo("v2");
      refused(
          InvalidPolicyTypeException.class,
          "NoChangeNotification",
          () ->
              put(
                  r ->
                      r.name("/z")
                          .value("v")
                          .type("String")
                          .tier("Advanced")
                          .policies(policy.replace("Expiration", "NoChangeNotification"))));
    }
  }

  @Test
  void tagsAreKeptOverAnOverwrite() {
    put(
        r ->
            r.name("/t").value("1").type("String").tags(Tag.builder().key("a").value("1").build()));
    put("/t", "2");
    call(
        c ->
            c.addTagsToResource(
                r ->
                    r.resourceType("Parameter")
                        .resourceId("/t")
                        .tags(Tag.builder().key("b").value("2").build())));
    call(
        c ->
            c.removeTagsFromResource(
                r -> r.resourceType("Parameter").resourceId("/t").tagKeys("a")));
    assertThat(
            call(c -> c.listTagsForResource(r -> r.resourceType("Parameter").resourceId("/t")))
                .tagList())
        .containsExactly(Tag.builder().key("b").value("2").build());
    refused(
        InvalidResourceIdException.class,
        "not valid",
        () -> call(c -> c.listTagsForResource(r -> r.resourceType("Parameter").resourceId("/no"))));
    refused(
        InvalidResourceTypeException.class,
        "Document",
        () -> call(c -> c.listTagsForResource(r -> r.resourceType("Document").resourceId("/t"))));
  }

  @Test
  void templatesFindTheirImages() {
    Parameter image = get("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id");
    assertThat(image.value()).matches("ami-[0-9a-f]{17}");
    assertThat(image.arn())
        .isEqualTo(
            "arn:aws:ssm:eu-west-1::parameter/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id");
    assertThat(get("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended").value())
        .contains("\"image_id\":\"" + image.value() + "\"")
        .contains("\"schema_version\":1");
    assertThat(
            get("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64").dataType())
        .isEqualTo("aws:ec2:image");
    assertThat(paths("/aws/service/ecs/optimized-ami/amazon-linux-2", true, 3)).hasSize(40);
    refused(ParameterNotFoundException.class, "", () -> get("/aws/service/none"));
  }
}
