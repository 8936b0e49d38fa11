package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.carrier.Carrier;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.k8s.ProxyPod;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When the cluster is asked for the pod, and when a new proxy is made. */
@Timeout(60)
final class ProxyRouteTest {
  private final List<String> asked = new ArrayList<>();
  private final List<ProxyPod> ways = new ArrayList<>();
  private final EventLoop loop = new DefaultEventLoop();
  private boolean jobGone;
  private Carrier.@Nullable Listener wire;
  private final ProxyRoute.Pods pods =
      new ProxyRoute.Pods() {
        @Override
        public ProxyPod await() {
          asked.add("await");
          if (jobGone) {
            throw new KtdException(ErrorCode.PROXY, "the Job is gone", null);
          }
          return pod(asked.size());
        }

        @Override
        public void delete() {
          asked.add("delete");
        }

        @Override
        public void create() {
          asked.add("create");
          jobGone = false;
        }
      };
  private final ProxyRoute route = new ProxyRoute(pods, this::way, pod(0));

  private static ProxyPod pod(int number) {
    return new ProxyPod("default", "ktd-ana-7f3c-" + number, "uid" + number, List.of(), "node");
  }

  private CarrierOpener way(ProxyPod pod) {
    ways.add(pod);
    return (_, listener) -> {
      wire = listener;
      return new NoCarrier();
    };
  }

  private Carrier.Listener open() throws InterruptedException {
    route.find().open(loop, new NoUser());
    Carrier.Listener opened = wire;
    assertThat(opened).isNotNull();
    return java.util.Objects.requireNonNull(opened);
  }

  private static KtdException failure(ErrorCode code) {
    return new KtdException(code, "said", null);
  }

  @Test
  void theLastPodIsTakenWithoutAskingAsLongAsItIsHeard() throws InterruptedException {
    for (int n = 0; n < 3; n++) {
      Carrier.Listener listener = open();
      listener.data(Unpooled.buffer());
      listener.closed(failure(ErrorCode.PROXY));
    }
    assertThat(asked).isEmpty();
    assertThat(ways).containsOnly(pod(0));
  }

  @Test
  void aPodThatIsGoneIsAskedFor() throws InterruptedException {
    open().closed(failure(ErrorCode.PROXY));
    open().data(Unpooled.buffer());
    assertThat(asked).containsExactly("await");
    assertThat(ways).containsExactly(pod(0), pod(1));
  }

  @Test
  void aServerThatIsAwaySaysNothingAboutThePod() throws InterruptedException {
    open().closed(failure(ErrorCode.UNREACHABLE));
    open().closed(failure(ErrorCode.CREDENTIALS));
    open();
    assertThat(asked).isEmpty();
  }

  @Test
  void aLateFailureOfTheOldPodDoesNotForgetTheNew() throws InterruptedException {
    Carrier.Listener old = open();
    open().closed(failure(ErrorCode.PROXY));
    open();
    old.closed(failure(ErrorCode.PROXY));
    open();
    assertThat(asked).containsExactly("await");
  }

  @Test
  void aJobThatIsGoneIsMadeAnew() throws InterruptedException {
    jobGone = true;
    open().closed(failure(ErrorCode.PROXY));
    open();
    assertThat(asked).containsExactly("await", "delete", "create", "await");
  }

  @Test
  void afterTheEndNoProxyIsMade() throws InterruptedException {
    jobGone = true;
    open().closed(failure(ErrorCode.PROXY));
    route.end();
    assertThatThrownBy(route::find).isInstanceOf(KtdException.class);
    assertThat(asked).isEmpty();
  }

  @Test
  void theEndWaitsUntilNobodyLooksForThePod() throws Exception {
    CountDownLatch looking = new CountDownLatch(1);
    ProxyRoute slow =
        new ProxyRoute(
            new ProxyRoute.Pods() {
              @Override
              public ProxyPod await() {
                looking.countDown();
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  asked.add("interrupted");
                }
                throw failure(ErrorCode.INTERRUPTED);
              }

              @Override
              public void delete() {}

              @Override
              public void create() {}
            },
            this::way,
            pod(0));
    slow.find().open(loop, new NoUser());
    assertThat(wire).isNotNull();
    java.util.Objects.requireNonNull(wire).closed(failure(ErrorCode.PROXY));
    FutureTask<CarrierOpener> find = new FutureTask<>(slow::find);
    Thread.ofVirtual().start(find);
    looking.await();
    slow.end();
    assertThat(asked).containsExactly("interrupted");
    assertThatThrownBy(() -> find.get(30, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
  }

  private static final class NoCarrier implements Carrier {
    @Override
    public void write(ByteBuf data) {
      data.release();
    }

    @Override
    public void flush() {}

    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public void setReading(boolean reading) {}

    @Override
    public void close() {}
  }

  private static final class NoUser implements Carrier.Listener {
    @Override
    public void ready(Carrier carrier) {}

    @Override
    public void data(ByteBuf data) {
      data.release();
    }

    @Override
    public void readComplete() {}

    @Override
    public void writabilityChanged(boolean writable) {}

    @Override
    public void closed(Throwable why) {}
  }
}
