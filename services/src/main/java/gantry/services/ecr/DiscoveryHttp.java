package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.UNSUPPORTED;

import gantry.services.HttpExchange;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is there, on the data plane: tags, repositories, referrers. */
final class DiscoveryHttp {

  /** AWS's limit of a page of tags, and the page that is given when none is asked for. */
  static final int MAX_PAGE = 1_000;

  /** Of referrers in one answer: keeps it under the size that clients take for an index. */
  static final int MAX_REFERRERS = 500;

  private final Registry registry;
  private final Login login;

  DiscoveryHttp(Registry registry, Login login) {
    this.registry = registry;
    this.login = login;
  }

  void tags(HttpExchange http, Target target) throws IOException {
    login.authorize(http, target, "ecr:ListImages");
    Map<String, String> query = Http.parameters(http.query());
    int page = page(query);
    String last = query.getOrDefault("last", "");
    View view = registry.store.snapshot();
    Registry.repository(view, target.scope(), target.repository());
    List<String> tags = new ArrayList<>();
    boolean more = false;
    String prefix = target.repository() + ":";
    var rows =
        view.scanAfter(EcrTables.TAGS, target.scope(), prefix + last)
            .takeWhile(row -> row.key().id().startsWith(prefix))
            .iterator();
    while (rows.hasNext()) {
      Row<TagRow> row = rows.next();
      if (tags.size() == page) {
        more = true;
        break;
      }
      tags.add(row.value().tag());
    }
    if (more && page > 0) {
      Http.link(
          http,
          "/v2/" + target.sent() + "/tags/list?n=" + page + "&last=" + Http.encode(tags.getLast()));
    }
    http.setHeader("Content-Type", "application/json");
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("name", target.sent());
    answer.put("tags", tags);
    Http.answer(http, 200, Json.write(answer));
  }

  void catalog(HttpExchange http) throws IOException {
    Scope scope = registry.addresses.registryOf(http.host());
    login.authorize(http, scope, Gate.ALL, "ecr:DescribeRepositories");
    Map<String, String> query = Http.parameters(http.query());
    int page = page(query);
    List<String> names = new ArrayList<>();
    boolean more = false;
    var rows =
        registry
            .store
            .snapshot()
            .scanAfter(EcrTables.REPOSITORIES, scope, query.getOrDefault("last", ""))
            .iterator();
    while (rows.hasNext()) {
      String name = rows.next().value().name();
      if (names.size() == page) {
        more = true;
        break;
      }
      names.add(name);
    }
    if (more && page > 0) {
      Http.link(http, "/v2/_catalog?n=" + page + "&last=" + Http.encode(names.getLast()));
    }
    http.setHeader("Content-Type", "application/json");
    Http.answer(http, 200, Json.write(Map.of("repositories", names)));
  }

  private static int page(Map<String, String> query) {
    String n = query.get("n");
    if (n == null) {
      return MAX_PAGE;
    }
    long asked;
    try {
      asked = Long.parseLong(n);
    } catch (NumberFormatException e) {
      asked = -1;
    }
    if (asked < 0) {
      throw new RegistryError(
          UNSUPPORTED,
          400,
          "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must be a number'");
    }
    if (asked > MAX_PAGE) {
      throw new RegistryError(
          UNSUPPORTED,
          "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to "
              + MAX_PAGE
              + "'");
    }
    return (int) asked;
  }

  void referrers(HttpExchange http, Target target, String reference) throws IOException {
    login.authorize(http, target, "ecr:BatchGetImage");
    Digest subject = Http.digest(reference);
    Map<String, String> query = Http.parameters(http.query());
    String artifactType = query.get("artifactType");
    String last = query.getOrDefault("last", "");
    View view = registry.store.snapshot();
    Registry.repository(view, target.scope(), target.repository());
    List<Object> manifests = new ArrayList<>();
    for (ImageRow image :
        Images.referrers(view, target.scope(), target.repository(), subject.toString())) {
      if (image.digest().compareTo(last) <= 0
          || image.status() == Status.ARCHIVED
          || (artifactType != null && !artifactType.equals(image.artifactType()))) {
        continue;
      }
      if (manifests.size() == MAX_REFERRERS) {
        String after = String.valueOf(Json.asObject(manifests.getLast()).get("digest"));
        Http.link(
            http,
            "/v2/"
                + target.sent()
                + "/referrers/"
                + subject
                + "?last="
                + Http.encode(after)
                + (artifactType == null ? "" : "&artifactType=" + Http.encode(artifactType)));
        break;
      }
      Map<String, Object> descriptor = new LinkedHashMap<>();
      descriptor.put("mediaType", image.mediaType());
      descriptor.put("digest", image.digest());
      descriptor.put("size", image.manifestBytes());
      if (image.artifactType() != null) {
        descriptor.put("artifactType", image.artifactType());
      }
      if (!image.annotations().isEmpty()) {
        descriptor.put("annotations", image.annotations());
      }
      manifests.add(descriptor);
    }
    if (artifactType != null) {
      http.setHeader("OCI-Filters-Applied", "artifactType");
    }
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("schemaVersion", 2);
    index.put("mediaType", Manifest.OCI_INDEX);
    index.put("manifests", manifests);
    http.setHeader("Content-Type", Manifest.OCI_INDEX);
    Http.answer(http, 200, Json.write(index));
  }
}
