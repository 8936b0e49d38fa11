package dev.ktd.session;

import dev.ktd.carrier.Carrier;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.carrier.Route;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.k8s.ProxyPod;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The way to the pod of the session's proxy. The pod that was there last is taken without asking,
 * so that a cut is healed at once; when nothing is heard from it the cluster is asked. A pod that
 * went is made anew by its Job; a Job that went (its limit passed while this machine slept) is made
 * anew here. Any thread; lanes that must ask do so one after the other.
 */
final class ProxyRoute implements Route {
  private static final Duration END_LIMIT = Duration.ofSeconds(15);

  /** The proxy's pods in the cluster. All calls block and may be interrupted. */
  interface Pods {
    /**
     * Waits for a running one.
     *
     * @throws KtdException PROXY when there will be none without a new Job
     */
    ProxyPod await();

    /** Deletes the Job and what is left of it. */
    void delete();

    void create();
  }

  /** Says how a pod is reached, with credentials as they are now. */
  @FunctionalInterface
  interface Ways {
    CarrierOpener to(ProxyPod pod);
  }

  private final Pods pods;
  private final Ways ways;
  private final ReentrantLock asking = new ReentrantLock();
  private volatile @Nullable ProxyPod known;
  private volatile @Nullable Thread asker;
  private volatile boolean ended;

  /**
   * @param first the pod that runs now
   */
  ProxyRoute(Pods pods, Ways ways, ProxyPod first) {
    this.pods = pods;
    this.ways = ways;
    this.known = first;
  }

  @Override
  public CarrierOpener find() throws InterruptedException {
    ProxyPod last = known;
    ProxyPod pod = last == null ? ask() : last;
    CarrierOpener way = ways.to(pod);
    return (EventLoop loop, Carrier.Listener listener) ->
        way.open(loop, new Suspicious(pod, listener));
  }

  private ProxyPod ask() throws InterruptedException {
    asking.lockInterruptibly();
    try {
      asker = Thread.currentThread();
      ProxyPod found = known; // the lane before us may have asked for us too
      if (found == null) {
        found = running();
        known = found;
      }
      return found;
    } finally {
      asker = null;
      asking.unlock();
    }
  }

  private ProxyPod running() {
    refuseAfterEnd();
    try {
      return pods.await();
    } catch (KtdException e) {
      if (e.code() != ErrorCode.PROXY || ended) {
        throw e;
      }
      pods.delete();
      refuseAfterEnd();
      pods.create();
      return pods.await();
    }
  }

  private void refuseAfterEnd() {
    if (ended) {
      throw new KtdException(ErrorCode.NOT_CONNECTED, "the session is over", null);
    }
  }

  /**
   * From now on a proxy that is gone stays gone: returns when nobody makes one any more. Blocks.
   *
   * @throws KtdException TUNNEL when somebody does not give up in time
   */
  void end() throws InterruptedException {
    ended = true;
    Thread last = asker;
    if (last != null) {
      last.interrupt();
    }
    if (!asking.tryLock(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new KtdException(ErrorCode.TUNNEL, "the proxy is still being looked for", null);
    }
    asking.unlock();
  }

  /** Listens on the way: a pod that says nothing before its carrier ends may be gone. */
  private final class Suspicious implements Carrier.Listener {
    private final ProxyPod pod;
    private final Carrier.Listener user;
    private boolean heard;

    private Suspicious(ProxyPod pod, Carrier.Listener user) {
      this.pod = pod;
      this.user = user;
    }

    @Override
    public void ready(Carrier carrier) {
      user.ready(carrier);
    }

    @Override
    public void data(ByteBuf data) {
      heard = true;
      user.data(data);
    }

    @Override
    public void readComplete() {
      user.readComplete();
    }

    @Override
    public void writabilityChanged(boolean writable) {
      user.writabilityChanged(writable);
    }

    @Override
    public void closed(Throwable why) {
      if (!heard && !onTheWay(why) && pod.equals(known)) {
        known = null;
      }
      user.closed(why);
    }

    /** Failures that say nothing about the pod. */
    private static boolean onTheWay(Throwable why) {
      return why instanceof KtdException told
          && switch (told.code()) {
            case UNREACHABLE, CREDENTIALS, FORBIDDEN, KUBECONFIG -> true;
            default -> false;
          };
    }
  }
}
