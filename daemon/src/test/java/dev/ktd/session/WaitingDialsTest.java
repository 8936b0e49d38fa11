package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.NoUpstream;
import dev.ktd.relay.Upstream;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Dials while there is no lane; time is the embedded loop's. */
final class WaitingDialsTest {
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final LanePlacement placement = new LanePlacement(1, System::nanoTime);
  private final List<Integer> dialled = new ArrayList<>();
  private final List<Downstream> farSides = new ArrayList<>();
  private final List<String> said = new ArrayList<>();
  private Consumer<Downstream> atDial = _ -> {};
  private boolean up;
  private final WaitingDials dials =
      new WaitingDials(
          channel.eventLoop(),
          () ->
              up ? Optional.of(new WaitingDials.Way(lane(), placement.take(0))) : Optional.empty());

  private Dialer lane() {
    return (destination, downstream) -> {
      dialled.add(destination.getPort());
      farSides.add(downstream);
      atDial.accept(downstream);
      return new NoUpstream();
    };
  }

  private Upstream dial(int port) {
    return dials.dial(
        InetSocketAddress.createUnresolved("there", port),
        new Downstream() {
          @Override
          public void opened() {
            said.add(port + " opened");
          }

          @Override
          public void failed(DialFailure why) {
            said.add(port + " " + why);
          }

          @Override
          public void data(ByteBuffer data) {
            said.add(port + " data " + data.remaining());
          }

          @Override
          public void writable() {
            said.add(port + " writable");
          }

          @Override
          public void end() {
            said.add(port + " end");
          }

          @Override
          public void closed(boolean clean) {
            said.add(port + " closed " + clean);
          }
        });
  }

  private void pass(long seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
  }

  @Test
  void withALaneNobodyWaits() {
    up = true;
    dial(1);
    assertThat(dialled).containsExactly(1);
    farSides.getFirst().opened();
    farSides.getFirst().data(ByteBuffer.allocate(5));
    farSides.getFirst().end();
    farSides.getFirst().closed(true);
    assertThat(said).containsExactly("1 opened", "1 data 5", "1 end", "1 closed true");
    assertThat(placement.choose(_ -> true)).hasValue(0);
  }

  @Test
  void thoseWhoWaitGoOutInOrderWhenALaneIsUp() {
    dial(1);
    dial(2);
    dial(3);
    dials.go();
    assertThat(dialled).isEmpty();
    up = true;
    dials.go();
    assertThat(dialled).containsExactly(1, 2, 3);
    assertThat(said).isEmpty();
    pass(60);
    assertThat(said).as("the far side has its own time").isEmpty();
  }

  @Test
  void aLateComerDoesNotPassThoseWhoWait() {
    dial(1);
    up = true;
    dial(2);
    dials.go();
    assertThat(dialled).containsExactly(1, 2);
  }

  @Test
  void waitingEndsAfterThirtySecondsWithoutAWord() {
    dial(1);
    pass(29);
    assertThat(said).isEmpty();
    pass(2);
    assertThat(said).containsExactly("1 TIMED_OUT");
    up = true;
    dials.go();
    assertThat(dialled).isEmpty();
  }

  @Test
  void aFlowThatIsAbortedLeavesTheLine() {
    Upstream first = dial(1);
    dial(2);
    first.abort();
    first.abort();
    assertThat(dials.waiting()).isOne();
    up = true;
    dials.go();
    assertThat(dialled).containsExactly(2);
    pass(60);
    assertThat(said).isEmpty();
  }

  @Test
  void theLineIsBounded() {
    for (int n = 1; n <= WaitingDials.MOST; n++) {
      dial(n);
    }
    dial(5000);
    assertThat(said).containsExactly("5000 NO_TUNNEL");
    assertThat(dials.waiting()).isEqualTo(WaitingDials.MOST);
  }

  @Test
  void aFlowWhoseLaneGoesBeforeItIsAnsweredWaitsAgain() {
    up = true;
    dial(1);
    up = false;
    farSides.getFirst().failed(DialFailure.NO_TUNNEL);
    assertThat(said).isEmpty();
    up = true;
    dials.go();
    assertThat(dialled).containsExactly(1, 1);
    farSides.getLast().failed(DialFailure.REFUSED);
    assertThat(said).containsExactly("1 REFUSED");
  }

  @Test
  void anOpenFlowWhoseLaneGoesIsOver() {
    up = true;
    dial(1);
    farSides.getFirst().opened();
    farSides.getFirst().closed(false);
    assertThat(said).containsExactly("1 opened", "1 closed false");
    assertThat(dials.waiting()).isZero();
  }

  @Test
  void aLaneThatRefusesWhileItDialsKeepsNobodyInACircle() {
    up = true;
    atDial = downstream -> downstream.failed(DialFailure.NO_TUNNEL);
    dial(1);
    dial(2);
    assertThat(dialled).containsExactly(1);
    dials.go();
    assertThat(dialled).containsExactly(1, 1, 2);
    assertThat(dials.waiting()).isEqualTo(2);
  }

  @Test
  void aFlowThatOpensDuringTheCallHearsThatItMayWrite() {
    dial(1);
    atDial = Downstream::opened;
    up = true;
    dials.go();
    assertThat(said).containsExactly("1 opened", "1 writable");
  }

  @Test
  void afterTheEndNobodyWaits() {
    dial(1);
    dials.close();
    dial(2);
    assertThat(said).containsExactly("1 NO_TUNNEL", "2 NO_TUNNEL");
  }
}
