package gantry.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Random zones and questions, beside a model that says RFC 1034 and 4592 with lists of labels. */
class ZoneModelTest {

  /** One record; {@code value} is an address, a text or a target, by type. */
  record Entry(String name, RecordType type, String value) {}

  @Provide
  Arbitrary<List<Entry>> records() {
    Arbitrary<String> names = names(true);
    Arbitrary<Entry> entries =
        Combinators.combine(names, Arbitraries.integers().between(0, 3), names(false), octets())
            .as(
                (name, kind, target, octet) ->
                    switch (kind) {
                      case 0 -> new Entry(name, RecordType.A, "10.0.0." + octet);
                      case 1 -> new Entry(name, RecordType.TXT, "\"t" + octet + "\"");
                      case 2 -> new Entry(name, RecordType.AAAA, "fd00:0:0:0:0:0:0:" + octet % 10);
                      default -> new Entry(name, RecordType.CNAME, target);
                    });
    return entries.list().ofMaxSize(14);
  }

  private static Arbitrary<Integer> octets() {
    return Arbitraries.integers().between(1, 250);
  }

  /** Few labels, so that names meet. */
  private static Arbitrary<String> names(boolean stars) {
    Arbitrary<String> label = Arbitraries.of("a", "b", "c");
    return Combinators.combine(
            label.list().ofMaxSize(3),
            Arbitraries.of(true, false, false),
            Arbitraries.of(0, 0, 0, 1))
        .as(
            (labels, star, zone) -> {
              List<String> all = new ArrayList<>(labels);
              if (stars && star) {
                all.addFirst("*");
              }
              all.add(zone == 0 || stars ? "zone" : "other");
              return String.join(".", all) + ".";
            });
  }

  @Provide
  Arbitrary<List<String>> questions() {
    return names(false).map(name -> name.replace("other.", "zone.")).list().ofSize(12);
  }

  @Property(tries = 400)
  void answersAsTheModelDoes(
      @ForAll("records") List<Entry> entries, @ForAll("questions") List<String> questions)
      throws IOException {
    Map<String, Map<RecordType, List<String>>> model = new LinkedHashMap<>();
    model.put("zone.", new LinkedHashMap<>());
    for (Entry entry : entries) {
      var types = model.computeIfAbsent(entry.name(), absent -> new LinkedHashMap<>());
      boolean cname = entry.type() == RecordType.CNAME;
      boolean clash =
          cname
              ? !types.isEmpty() || entry.name().equals("zone.")
              : types.containsKey(RecordType.CNAME);
      List<String> values = types.getOrDefault(entry.type(), List.of());
      if (!clash && !values.contains(entry.value())) {
        List<String> more = new ArrayList<>(values);
        more.add(entry.value());
        types.put(entry.type(), more);
      }
    }
    List<RecordSet> sets = new ArrayList<>();
    model.forEach(
        (name, types) ->
            types.forEach(
                (type, values) ->
                    sets.add(RecordSet.simple(name, type, 5, values.toArray(String[]::new)))));
    Asking asking = Asking.of(Asking.zone("zone.", sets.toArray(RecordSet[]::new)));
    for (String question : questions) {
      for (RecordType type : List.of(RecordType.A, RecordType.TXT, RecordType.CNAME)) {
        Message answer = asking.ask(question, type.code());
        Expected expected = expected(model, question, type);
        assertThat(Rcode.string(answer.getRcode()))
            .as("%s %s in %s", question, type, model)
            .isEqualTo(expected.code());
        assertThat(new TreeSet<>(Asking.answers(answer)))
            .as("%s %s in %s", question, type, model)
            .isEqualTo(expected.answers());
        assertThat(answer.getSection(Section.AUTHORITY)).hasSize(expected.soa() ? 1 : 0);
      }
    }
  }

  record Expected(String code, TreeSet<String> answers, boolean soa) {}

  private static Expected expected(
      Map<String, Map<RecordType, List<String>>> model, String question, RecordType type) {
    TreeSet<String> answers = new TreeSet<>();
    String name = question;
    for (int hop = 0; hop <= Answerer.CHAIN_LIMIT; hop++) {
      if (!name.equals("zone.") && !name.endsWith(".zone.")) {
        return new Expected("NOERROR", answers, false);
      }
      Map<RecordType, List<String>> found = find(model, name);
      if (found == null) {
        return new Expected("NXDOMAIN", answers, true);
      }
      List<String> values = found.get(type);
      if (values != null) {
        String owner = name;
        values.forEach(v -> answers.add(owner + " " + Type.string(type.code()) + " " + v));
        return new Expected("NOERROR", answers, false);
      }
      List<String> target = found.get(RecordType.CNAME);
      if (target == null) {
        return new Expected("NOERROR", answers, true);
      }
      answers.add(name + " CNAME " + target.getFirst());
      name = target.getFirst();
    }
    return new Expected("SERVFAIL", answers, false);
  }

  private static boolean exists(Map<String, ?> model, String name) {
    return model.keySet().stream().anyMatch(n -> n.equals(name) || n.endsWith("." + name));
  }

  private static @Nullable Map<RecordType, List<String>> find(
      Map<String, Map<RecordType, List<String>>> model, String name) {
    if (exists(model, name)) {
      return model.getOrDefault(name, Map.of());
    }
    String encloser = name;
    do {
      encloser = encloser.substring(encloser.indexOf('.') + 1);
    } while (!exists(model, encloser));
    return model.get("*." + encloser);
  }
}
