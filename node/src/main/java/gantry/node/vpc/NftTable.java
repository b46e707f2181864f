package gantry.node.vpc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One nftables table as data, and the commands that make it or change one into another. {@code nft
 * -f} applies them as one transaction, so packets see the old table or the new one and nothing in
 * between. Chains that did not change are not touched; a set that gained a member costs one
 * element.
 *
 * @param objects sets, maps and counters: {@code "set NAME"} to declaration
 * @param elements set or map name to element to value (empty in a set)
 * @param chains chain name to chain
 */
record NftTable(
    String family,
    String name,
    SortedMap<String, String> objects,
    SortedMap<String, SortedMap<String, String>> elements,
    SortedMap<String, Chain> chains) {

  /**
   * A chain.
   *
   * @param hook the hook's declaration for a base chain, empty otherwise
   */
  record Chain(String hook, List<String> rules) {}

  /** Commands that make this table anew, whatever stood there before. */
  String create() {
    Script script = new Script();
    script.add("add table " + family + " " + name);
    script.add("delete table " + family + " " + name);
    script.add("add table " + family + " " + name);
    change(script, new NftTable(family, name, new TreeMap<>(), new TreeMap<>(), new TreeMap<>()));
    return script.text();
  }

  String destroy() {
    return "add table %s %s\ndelete table %s %s\n".formatted(family, name, family, name);
  }

  /** Commands that make this table of {@code before}; empty when they are equal. */
  String changesFrom(NftTable before) {
    if (equals(before)) {
      return "";
    }
    boolean redeclared =
        objects.entrySet().stream()
            .anyMatch(
                object -> {
                  String old = before.objects.get(object.getKey());
                  return old != null && !old.equals(object.getValue());
                });
    boolean rehooked =
        chains.entrySet().stream()
            .anyMatch(
                chain -> {
                  Chain old = before.chains.get(chain.getKey());
                  return old != null && !old.hook.equals(chain.getValue().hook);
                });
    if (redeclared || rehooked) {
      return create();
    }
    Script script = new Script();
    change(script, before);
    return script.text();
  }

  private void change(Script script, NftTable before) {
    String at = family + " " + name + " ";
    objects.forEach(
        (object, declaration) -> {
          if (!before.objects.containsKey(object)) {
            script.add("add " + kind(object) + " " + at + label(object) + " " + declaration);
          }
        });
    chains.forEach(
        (chain, body) -> {
          if (!before.chains.containsKey(chain)) {
            script.add("add chain " + at + chain + " " + body.hook);
          }
        });
    // Elements that go or change their value are deleted before anything that they refer to.
    before.elements.forEach(
        (set, old) -> {
          SortedMap<String, String> now = elements.get(set);
          if (now != null) {
            List<String> gone = new ArrayList<>();
            old.forEach(
                (element, value) -> {
                  if (!value.equals(now.get(element))) {
                    gone.add(element);
                  }
                });
            script.elements("delete", at + set, gone);
          }
        });
    chains.forEach(
        (chain, body) -> {
          Chain old = before.chains.get(chain);
          if (old == null || !old.rules.equals(body.rules)) {
            if (old != null) {
              script.add("flush chain " + at + chain);
            }
            body.rules.forEach(rule -> script.add("add rule " + at + chain + " " + rule));
          }
        });
    elements.forEach(
        (set, now) -> {
          Map<String, String> old = before.elements.getOrDefault(set, new TreeMap<>());
          List<String> fresh = new ArrayList<>();
          now.forEach(
              (element, value) -> {
                if (!value.equals(old.get(element))) {
                  fresh.add(value.isEmpty() ? element : element + " : " + value);
                }
              });
          script.elements("add", at + set, fresh);
        });
    List<String> goneChains =
        before.chains.keySet().stream().filter(chain -> !chains.containsKey(chain)).toList();
    goneChains.forEach(chain -> script.add("flush chain " + at + chain));
    goneMaps(before).forEach(object -> script.add("delete map " + at + label(object)));
    goneChains.forEach(chain -> script.add("delete chain " + at + chain));
    before.objects.keySet().stream()
        .filter(object -> !objects.containsKey(object) && !object.startsWith("map "))
        .forEach(object -> script.add("delete " + kind(object) + " " + at + label(object)));
  }

  private List<String> goneMaps(NftTable before) {
    return before.objects.keySet().stream()
        .filter(object -> !objects.containsKey(object) && object.startsWith("map "))
        .toList();
  }

  private static String kind(String object) {
    return object.substring(0, object.indexOf(' '));
  }

  private static String label(String object) {
    return object.substring(object.indexOf(' ') + 1);
  }

  private static final class Script {
    /** Netlink messages have a size; a command with more elements than this is cut in pieces. */
    private static final int ELEMENTS_PER_COMMAND = 500;

    private final StringBuilder text = new StringBuilder();

    void add(String command) {
      text.append(command).append('\n');
    }

    void elements(String verb, String where, List<String> elements) {
      for (int i = 0; i < elements.size(); i += ELEMENTS_PER_COMMAND) {
        List<String> some =
            elements.subList(i, Math.min(elements.size(), i + ELEMENTS_PER_COMMAND));
        add(verb + " element " + where + " { " + String.join(", ", some) + " }");
      }
    }

    String text() {
      return text.toString();
    }
  }

  /** Collects a table. */
  static final class Builder {
    private final String family;
    private final String name;
    private final SortedMap<String, String> objects = new TreeMap<>();
    private final SortedMap<String, SortedMap<String, String>> elements = new TreeMap<>();
    private final SortedMap<String, Chain> chains = new TreeMap<>();

    Builder(String family, String name) {
      this.family = family;
      this.name = name;
    }

    Builder set(String set, String declaration) {
      objects.put("set " + set, "{ " + declaration + " }");
      elements.put(set, new TreeMap<>());
      return this;
    }

    Builder map(String map, String declaration) {
      objects.put("map " + map, "{ " + declaration + " }");
      elements.put(map, new TreeMap<>());
      return this;
    }

    Builder counter(String counter) {
      objects.put("counter " + counter, "");
      return this;
    }

    Builder element(String set, String element) {
      return element(set, element, "");
    }

    Builder element(String set, String element, String value) {
      SortedMap<String, String> members = elements.get(set);
      if (members == null) {
        throw new IllegalStateException("no set " + set);
      }
      members.put(element, value);
      return this;
    }

    Builder chain(String chain, List<String> rules) {
      chains.put(chain, new Chain("", List.copyOf(rules)));
      return this;
    }

    Builder hook(String chain, String hook, List<String> rules) {
      chains.put(chain, new Chain("{ type " + hook + " }", List.copyOf(rules)));
      return this;
    }

    boolean hasChain(String chain) {
      return chains.containsKey(chain);
    }

    @Nullable SortedMap<String, String> members(String set) {
      return elements.get(set);
    }

    NftTable build() {
      return new NftTable(family, name, objects, elements, chains);
    }
  }
}
