package gantry.traffic.dns;

import static gantry.traffic.dns.Asking.answers;
import static gantry.traffic.dns.Asking.zone;
import static gantry.traffic.dns.RecordSet.simple;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.dns.Answerer.Outcome;
import gantry.traffic.dns.RecordSet.Routing;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What single questions are answered. */
class AnswererTest {

  private static final Zone EXAMPLE =
      zone(
          "example.",
          simple("api.example.", RecordType.A, 60, "10.0.0.1", "10.0.0.2"),
          simple("www.example.", RecordType.CNAME, 30, "api.example."),
          simple("far.example.", RecordType.CNAME, 30, "there.other."),
          simple("out.example.", RecordType.CNAME, 30, "www.amazon.com."),
          simple("round.example.", RecordType.CNAME, 30, "about.example."),
          simple("about.example.", RecordType.CNAME, 30, "round.example."),
          simple("gone.example.", RecordType.CNAME, 30, "nothing.example."),
          simple("*.wild.example.", RecordType.A, 5, "10.0.0.9"),
          simple("deep.down.under.example.", RecordType.TXT, 5, "\"a b\" \"c\""),
          simple("_http._tcp.example.", RecordType.SRV, 5, "1 1 8080 i-1.example."),
          simple("mail.example.", RecordType.MX, 5, "10 mx.example."),
          simple("six.example.", RecordType.AAAA, 5, "::ffff:10.0.0.1"),
          simple("odd\\057name.example.", RecordType.A, 5, "10.0.0.7"),
          alias("lb.example.", "api.example."),
          alias("astray.example.", "www.amazon.com."));
  private static final Zone OTHER =
      zone("other.", simple("there.other.", RecordType.A, 10, "10.1.0.1"));
  private static final Zone REVERSE =
      zone(
          "10.in-addr.arpa.",
          simple("5.1.0.10.in-addr.arpa.", RecordType.PTR, 60, "ip-10-0-1-5.ec2.internal."));

  private final Asking closed = Asking.of(EXAMPLE, OTHER, REVERSE);
  private final Asking forwarding =
      new Asking(View.of(List.of(EXAMPLE, OTHER, REVERSE), "eu-west-1", true));

  private static RecordSet alias(String name, String target) {
    return new RecordSet(name, RecordType.A, 0, List.of(), target, Routing.SIMPLE, true);
  }

  @Test
  void addressesWithTheirTimeToLive() throws IOException {
    Message answer = closed.ask("api.example.", Type.A);
    assertThat(answers(answer))
        .containsExactlyInAnyOrder("api.example. A 10.0.0.1", "api.example. A 10.0.0.2");
    assertThat(answer.getSection(Section.ANSWER)).allMatch(r -> r.getTTL() == 60);
    assertThat(answer.getHeader().getFlag(Flags.QR)).isTrue();
    assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
    assertThat(answer.getHeader().getFlag(Flags.RA)).isTrue();
    assertThat(answer.getHeader().getFlag(Flags.TC)).isFalse();
    assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
  }

  @Test
  void chainsInsideAndAcrossOurZones() throws IOException {
    assertThat(answers(closed.ask("www.example.", Type.A)))
        .hasSize(3)
        .startsWith("www.example. CNAME api.example.");
    assertThat(answers(closed.ask("far.example.", Type.A)))
        .containsExactly("far.example. CNAME there.other.", "there.other. A 10.1.0.1");
    assertThat(answers(closed.ask("www.example.", Type.CNAME)))
        .containsExactly("www.example. CNAME api.example.");
  }

  @Test
  void aChainThatLeadsOutIsFollowedForTheAsker() throws IOException {
    byte[] packet = Asking.question("out.example.", Type.A).toWire();
    var out = Unpooled.buffer();
    assertThat(forwarding.outcome(packet, out, true)).isEqualTo(Outcome.FORWARD);
    assertThat(out.readableBytes()).isZero();
    Pending pending = forwarding.answerer.pending(Unpooled.wrappedBuffer(packet));
    assertThat(Names.toText(pending.name())).isEqualTo("www.amazon.com.");
    Rr address = new Rr(Names.toWire("www.amazon.com."), Type.A, 7, new byte[] {1, 2, 3, 4});
    Message answer =
        Asking.parse(
            pending.answer(
                new Reply(0, List.of(address), List.of()),
                512,
                io.netty.buffer.UnpooledByteBufAllocator.DEFAULT));
    assertThat(answers(answer))
        .containsExactly("out.example. CNAME www.amazon.com.", "www.amazon.com. A 1.2.3.4");
  }

  @Test
  void aChainThatLeadsOutOfAClosedViewEndsThere() throws IOException {
    assertThat(answers(closed.ask("out.example.", Type.A)))
        .containsExactly("out.example. CNAME www.amazon.com.");
  }

  @Test
  void loopsEnd() throws IOException {
    Message answer = closed.ask("round.example.", Type.A);
    assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
    assertThat(answers(answer)).hasSizeLessThanOrEqualTo(Answerer.CHAIN_LIMIT + 1);
  }

  @Test
  void aChainToNothingIsNxdomainWithTheChain() throws IOException {
    Message answer = closed.ask("gone.example.", Type.A);
    assertThat(answer.getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(answers(answer)).containsExactly("gone.example. CNAME nothing.example.");
    assertThat(answer.getSection(Section.AUTHORITY)).hasSize(1);
  }

  @Test
  void noSuchNameAndNoSuchTypeCarryTheSoa() throws IOException {
    Message none = closed.ask("nobody.example.", Type.A);
    assertThat(none.getRcode()).isEqualTo(Rcode.NXDOMAIN);
    SOARecord soa = (SOARecord) none.getSection(Section.AUTHORITY).getFirst();
    assertThat(soa.getName()).hasToString("example.");
    assertThat(soa.getTTL()).isEqualTo(60); // the lesser of the SOA's 900 and its last number
    Message empty = closed.ask("api.example.", Type.AAAA);
    assertThat(empty.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(answers(empty)).isEmpty();
    assertThat(empty.getSection(Section.AUTHORITY)).hasSize(1);
  }

  @Test
  void wildcardsCoverWhatDoesNotExistAndNamesBetweenExist() throws IOException {
    assertThat(answers(closed.ask("a.b.wild.example.", Type.A)))
        .containsExactly("a.b.wild.example. A 10.0.0.9");
    assertThat(closed.ask("wild.example.", Type.A).getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(closed.ask("down.under.example.", Type.A).getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(closed.ask("up.under.example.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
  }

  @Test
  void otherTypes() throws IOException {
    assertThat(answers(closed.ask("deep.down.under.example.", Type.TXT)))
        .containsExactly("deep.down.under.example. TXT \"a b\" \"c\"");
    assertThat(answers(closed.ask("_http._tcp.example.", Type.SRV)))
        .containsExactly("_http._tcp.example. SRV 1 1 8080 i-1.example.");
    assertThat(answers(closed.ask("mail.example.", Type.MX)))
        .containsExactly("mail.example. MX 10 mx.example.");
    assertThat(closed.ask("six.example.", Type.AAAA).getSection(Section.ANSWER)).hasSize(1);
    assertThat(answers(closed.ask("5.1.0.10.in-addr.arpa.", Type.PTR)))
        .containsExactly("5.1.0.10.in-addr.arpa. PTR ip-10-0-1-5.ec2.internal.");
    assertThat(closed.ask("odd/name.example.", Type.A).getSection(Section.ANSWER)).hasSize(1);
    assertThat(answers(closed.ask("api.example.", Type.ANY))).hasSize(2);
    assertThat(closed.ask("api.example.", 4711).getRcode()).isEqualTo(Rcode.NOERROR);
  }

  @Test
  void aliasesAnswerUnderTheirOwnName() throws IOException {
    assertThat(answers(closed.ask("lb.example.", Type.A)))
        .containsExactlyInAnyOrder("lb.example. A 10.0.0.1", "lb.example. A 10.0.0.2");
    Message astray = forwarding.ask("astray.example.", Type.A);
    assertThat(answers(astray)).isEmpty();
    assertThat(astray.getSection(Section.AUTHORITY)).hasSize(1);
  }

  @Test
  void theQuestionsLettersComeBackAsTheyWere() throws IOException {
    Message answer = closed.ask("aPi.ExAmPlE.", Type.A);
    assertThat(answer.getQuestion().getName().toString()).isEqualTo("aPi.ExAmPlE.");
    assertThat(answers(answer)).contains("aPi.ExAmPlE. A 10.0.0.1");
  }

  @Test
  void whatDoesNotFitIsCutOnUdpAndWholeOnTcp() throws IOException {
    List<String> addresses = new ArrayList<>();
    for (int i = 1; i <= 100; i++) {
      addresses.add("10.0.1." + i);
    }
    Asking asking =
        Asking.of(
            zone(
                "big.",
                new RecordSet("all.big.", RecordType.A, 5, addresses, null, Routing.SIMPLE, true)));
    Message plain = asking.ask("all.big.", Type.A);
    assertThat(plain.getHeader().getFlag(Flags.TC)).isTrue();
    assertThat(plain.numBytes()).isLessThanOrEqualTo(512);
    Message middling = asking.ask(Asking.withEdns(Asking.question("all.big.", Type.A), 1232), true);
    assertThat(middling.getHeader().getFlag(Flags.TC)).isTrue();
    assertThat(middling.numBytes()).isBetween(1200, 1232);
    Message large = asking.ask(Asking.withEdns(Asking.question("all.big.", Type.A), 4096), true);
    assertThat(large.getHeader().getFlag(Flags.TC)).isFalse();
    assertThat(large.getSection(Section.ANSWER)).hasSize(100);
    assertThat(large.getOPT()).isNotNull();
    Message tcp = asking.ask(Asking.question("all.big.", Type.A), false);
    assertThat(tcp.getHeader().getFlag(Flags.TC)).isFalse();
    assertThat(tcp.getSection(Section.ANSWER)).hasSize(100);
  }

  @Test
  void whatIsNotOursIsForwardedOrRefused() throws IOException {
    byte[] packet = Asking.question("www.amazon.com.", Type.A).toWire();
    assertThat(forwarding.outcome(packet, Unpooled.buffer(), true)).isEqualTo(Outcome.FORWARD);
    assertThat(closed.ask("www.amazon.com.", Type.A).getRcode()).isEqualTo(Rcode.REFUSED);
  }

  @Test
  void nobodyCopiesAZone() throws IOException {
    assertThat(closed.ask("example.", Type.AXFR).getRcode()).isEqualTo(Rcode.REFUSED);
    assertThat(forwarding.ask("amazon.com.", Type.AXFR).getRcode()).isEqualTo(Rcode.REFUSED);
  }

  @Test
  void otherOperationsAndVersionsAreToldSo() throws IOException {
    Message notify = Asking.question("example.", Type.SOA);
    notify.getHeader().setOpcode(Opcode.NOTIFY);
    assertThat(closed.ask(notify, true).getRcode()).isEqualTo(Rcode.NOTIMP);
    Message version = Asking.question("example.", Type.SOA);
    version.addRecord(new org.xbill.DNS.OPTRecord(1232, 0, 1), Section.ADDITIONAL);
    assertThat(closed.ask(version, true).getRcode()).isEqualTo(Rcode.BADVERS);
  }

  @Test
  void theMostSpecificZoneAnswersEvenThatThereIsNothing() throws IOException {
    Asking asking =
        Asking.of(
            zone("example.", simple("a.b.example.", RecordType.A, 5, "10.0.0.1")),
            zone("b.example.", simple("c.b.example.", RecordType.A, 5, "10.0.0.2")));
    assertThat(asking.ask("a.b.example.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(answers(asking.ask("c.b.example.", Type.A))).hasSize(1);
  }
}
