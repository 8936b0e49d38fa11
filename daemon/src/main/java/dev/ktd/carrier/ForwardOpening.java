package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslProvider;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One opening of a port-forward: protocols, one after the other, each on a connection of its own,
 * until one is granted or fails for a reason that another protocol would meet as well. Names are
 * resolved and the bearer token is fetched on virtual threads; all the rest is on the event loop.
 */
// What follows a close is told by the upgrade or the carrier.
@SuppressWarnings("FutureReturnValueIgnored")
final class ForwardOpening implements FramedCarrier.Opener {
  private static final Logger LOG = LoggerFactory.getLogger(ForwardOpening.class);

  /** For the answer to one protocol's request: something on the way may swallow it. */
  private static final int ANSWER_MILLIS = 10_000;

  private static final int OPEN_MILLIS = 30_000;

  private final EventLoop loop;
  private final ApiServer api;
  private final PodPort target;
  private final ProtocolMemory memory;
  private final SslProvider provider;
  private final String server;
  private final FramedCarrier carrier;
  private final List<ForwardProtocol> refused = new ArrayList<>();
  private Deque<ForwardProtocol> untried = new ArrayDeque<>();
  private @Nullable Attempt attempt;
  private @Nullable KtdException firstRefusal;
  private @Nullable Future<?> deadline;
  private boolean renewed;

  ForwardOpening(
      EventLoop loop,
      ApiServer api,
      PodPort target,
      ProtocolMemory memory,
      SslProvider provider,
      Carrier.Listener listener) {
    this.loop = loop;
    this.api = api;
    this.target = target;
    this.memory = memory;
    this.provider = provider;
    this.server = server(api);
    this.carrier = new FramedCarrier(loop, this, listener);
  }

  /** What the memory knows a server by: the way there counts, since it may be what refuses. */
  static String server(ApiServer api) {
    String host = Failures.hostPort(api.uri());
    return api.proxy() == null ? host : host + " by " + Failures.hostPort(api.proxy());
  }

  FramedCarrier start() {
    blocking(
        () -> {
          Plan plan =
              new Plan(
                  new ArrayDeque<>(ApiConnection.resolve(api)),
                  new ApiConnection(
                      loop,
                      api,
                      "https".equals(api.uri().getScheme()) ? ApiTls.context(api, provider) : null),
                  token());
          loop.execute(() -> begin(plan));
        });
    return carrier;
  }

  /**
   * What an attempt needs and only blocking work can find.
   *
   * @param addresses of the server or its proxy; the first is the next to try
   */
  private record Plan(
      Deque<InetSocketAddress> addresses, ApiConnection connection, @Nullable String token) {
    /** Without the token. */
    @Override
    public String toString() {
      return "Plan" + addresses;
    }
  }

  private void blocking(Runnable work) {
    Thread.ofVirtual()
        .name("ktd-open-" + target)
        .start(
            () -> {
              try {
                work.run();
              } catch (RuntimeException | LinkageError e) { // the latter: half a native TLS
                loop.execute(() -> carrier.finish(Failures.opening(api, target, e)));
              }
            });
  }

  private @Nullable String token() {
    try {
      return api.bearerToken().get();
    } catch (KtdException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new KtdException(
          ErrorCode.CREDENTIALS,
          "no token for the API server " + Failures.hostPort(api.uri()) + ": " + e.getMessage(),
          "Check with:  kubectl auth whoami",
          e);
    }
  }

  private void begin(Plan plan) {
    if (carrier.isFinished()) {
      return;
    }
    deadline = loop.schedule(this::tooLate, OPEN_MILLIS, TimeUnit.MILLISECONDS);
    untried = new ArrayDeque<>(memory.order(server));
    attempt(plan, untried.remove());
  }

  private void attempt(Plan plan, ForwardProtocol protocol) {
    if (!carrier.isFinished()) {
      Attempt next = new Attempt(plan, protocol);
      attempt = next;
      next.connect();
    }
  }

  private void tooLate() {
    if (!carrier.isReady()) {
      carrier.finish(
          firstRefusal != null ? firstRefusal : Failures.tooLate(api, target, OPEN_MILLIS / 1000));
    }
  }

  /** Remembers why, and tries the next protocol. */
  private void next(Plan plan, ForwardProtocol protocol, KtdException why) {
    refused.add(protocol);
    KtdException first = firstRefusal == null ? why : firstRefusal;
    firstRefusal = first;
    ForwardProtocol following = untried.poll();
    if (following == null) {
      carrier.finish(first);
      return;
    }
    LOG.info("no {} through {}: {}; trying {}", protocol, server, why.getMessage(), following);
    attempt(plan, following);
  }

  /** The server does not accept the token: once, a new one is asked for. */
  private void renew(Plan plan, ForwardProtocol protocol, KtdException why) {
    renewed = true;
    blocking(
        () -> {
          String known = token();
          if (Objects.equals(known, plan.token())) {
            api.credentialsRefused().run();
            known = token();
          }
          String fresh = known;
          loop.execute(
              () -> {
                if (Objects.equals(fresh, plan.token())) {
                  carrier.finish(why);
                } else {
                  attempt(new Plan(plan.addresses(), plan.connection(), fresh), protocol);
                }
              });
        });
  }

  @Override
  public String path() {
    return "port-forward";
  }

  @Override
  public String protocol() {
    Attempt current = attempt;
    return (current == null ? ForwardProtocol.SPDY : current.protocol).toString();
  }

  @Override
  public KtdException ended(String said, @Nullable Throwable cause) {
    return Failures.ended(target, said, cause);
  }

  @Override
  public KtdException malformed(String what) {
    return Failures.protocol(target, what);
  }

  @Override
  public void carried() {
    if (attempt != null) {
      refused.forEach(protocol -> memory.failed(server, protocol));
      memory.carried(server, attempt.protocol);
    }
  }

  @Override
  public void abandoned() {
    Attempt current = attempt;
    if (current != null && current.asked) {
      LOG.info(
          "{} through {} carried nothing; it is not the next to try", current.protocol, server);
      refused.forEach(protocol -> memory.failed(server, protocol));
      memory.failed(server, current.protocol);
    }
  }

  @Override
  public void finished() {
    if (deadline != null) {
      deadline.cancel(false);
    }
    if (attempt != null) {
      attempt.stop();
    }
  }

  /** One protocol on one connection. */
  private final class Attempt implements Upgrade.Outcome {
    private final Plan plan;
    private final ForwardProtocol protocol;
    private @Nullable Channel channel;
    private @Nullable Future<?> answer;
    private boolean asked;
    private boolean over;

    Attempt(Plan plan, ForwardProtocol protocol) {
      this.plan = plan;
      this.protocol = protocol;
    }

    /** Tries the addresses one after the other; the one that works stays for later attempts. */
    private void connect() {
      InetSocketAddress address = plan.addresses().peek();
      if (address == null || over) {
        return;
      }
      UpgradeRequest request = new UpgradeRequest(api, target, plan.token(), protocol);
      ChannelFuture connected = plan.connection().connect(address, request, this);
      channel = connected.channel();
      carrier.attach(connected.channel());
      connected.addListener(
          (ChannelFuture done) -> {
            if (done.isSuccess() || over) {
              return;
            }
            if (plan.addresses().size() > 1) {
              plan.addresses().remove();
              connect();
            } else {
              failed(done.cause());
            }
          });
    }

    /** Nothing more is heard of it; the connection is the carrier's, or closed. */
    private void stop() {
      over = true;
      if (answer != null) {
        answer.cancel(false);
      }
    }

    /** Whether this is the first end of the attempt; then the connection is closed. */
    private boolean end() {
      if (over) {
        return false;
      }
      stop();
      if (channel != null) {
        channel.close();
      }
      return true;
    }

    @Override
    public void asked() {
      asked = true;
      answer =
          loop.schedule(
              () -> unusable("no answer within " + ANSWER_MILLIS / 1000 + " s"),
              ANSWER_MILLIS,
              TimeUnit.MILLISECONDS);
    }

    @Override
    public ChannelHandler reader() {
      return carrier.reader();
    }

    @Override
    public void granted() {
      if (over) {
        return;
      }
      stop();
      if (deadline != null) {
        deadline.cancel(false);
      }
      LOG.debug("{} through {} to {}", protocol, server, target);
      carrier.start(protocol.framing(target.port()), protocol.messages());
    }

    @Override
    public void refused(HttpResponseStatus status, String body) {
      if (!end()) {
        return;
      }
      Refusal refusal = new Refusal(status, body);
      KtdException why = Failures.refused(api, target, protocol, refusal);
      if (refusal.isOfToken() && !renewed) {
        renew(plan, protocol, why);
      } else if (refusal.isOfProtocol()) {
        next(plan, protocol, why);
      } else {
        carrier.finish(why);
      }
    }

    @Override
    public void unusable(String what) {
      if (end()) {
        next(plan, protocol, Failures.protocol(target, what));
      }
    }

    @Override
    public void failed(Throwable cause) {
      if (end()) {
        carrier.finish(Failures.opening(api, target, cause));
      }
    }
  }
}
