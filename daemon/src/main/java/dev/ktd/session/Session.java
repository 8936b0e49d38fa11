package dev.ktd.session;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.carrier.ProtocolMemory;
import dev.ktd.carrier.ResumeSettings;
import dev.ktd.carrier.SessionSecret;
import dev.ktd.control.Event;
import dev.ktd.control.Request;
import dev.ktd.control.StatusReport;
import dev.ktd.dns.DnsPlan;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.k8s.AccessReview;
import dev.ktd.k8s.Cluster;
import dev.ktd.k8s.Kubeconfig;
import dev.ktd.k8s.ProxyDeployment;
import dev.ktd.k8s.ProxyPod;
import dev.ktd.k8s.ProxySpec;
import dev.ktd.os.Cidr;
import dev.ktd.os.Host;
import dev.ktd.os.HostResolver;
import dev.ktd.os.NetworkChanges;
import dev.ktd.ssh.CipherWarmUp;
import dev.ktd.ssh.SessionKeys;
import dev.ktd.ssh.SshSettings;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One session, from the kubeconfig to names that work. {@link #connect} runs the steps in order on
 * the caller's thread; each pushes its undo, and {@link #close} runs them in reverse.
 */
final class Session implements Tunnel.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);
  private static final Duration DELETE_LIMIT = Duration.ofSeconds(30);
  private static final Duration POD_AGAIN_LIMIT = Duration.ofSeconds(60);
  private static final Duration AWAY_LIMIT = Duration.ofSeconds(1);
  private static final Duration AHEAD_LIMIT = Duration.ofSeconds(20);
  private static final int SESSION_ID_BYTES = 2;

  private final Host host;
  private final Request.Up request;
  private final ProtocolMemory protocols;
  private final Teardown teardown = new Teardown();
  private final long deadline;
  private final CompletableFuture<AgentInfo> agent = new CompletableFuture<>();
  private final StatusBoard board;

  private volatile @Nullable DataPath path;

  /** No lane was up when the session ended. */
  private volatile boolean away;

  /**
   * @param protocols what openings of carriers have shown, kept beyond this session
   */
  Session(Host host, Request.Up request, ProtocolMemory protocols) {
    this.host = host;
    this.request = request;
    this.protocols = protocols;
    this.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(request.timeoutSeconds());
    this.board = new StatusBoard(request.caller().name());
  }

  /** Connects. On failure nothing is undone yet: the caller closes. */
  void connect(Consumer<Event> events) throws InterruptedException {
    Steps steps = new Steps(events);
    Ahead<SessionKeys> keys = ahead("making keys", SessionKeys::generate);
    Cluster cluster = reachCluster(steps);
    // Neither is needed before the proxy pod runs, and that takes the cluster a second.
    Ahead<RoutePlan> planned =
        ahead("finding networks", () -> RouteSearch.find(host, request, cluster));
    Ahead<Set<String>> namespaces = ahead("listing namespaces", cluster::namespaces);
    reviewAccess(steps, cluster);
    IoEventLoop loop = startLoop();
    SessionSecret secret = SessionSecret.generate();
    DirectWay direct = new DirectWay(DirectWay.Probe.of(loop, secret));
    Tunnel tunnel = openTunnel(steps, cluster, loop, keys.await(), secret, direct);
    RoutePlan routes = direct.settle(planned.await());
    routes.warnings().forEach(steps::warn);
    board.routes(routes);
    DataPath opened = openDevice(steps, loop, tunnel, routes);
    setUpNames(steps, cluster, opened, routes, namespaces.await());
    board.connected();
  }

  private <T> Ahead<T> ahead(String what, Callable<T> work) {
    Ahead<T> begun = Ahead.start(what, work);
    teardown.push(what, () -> begun.end(AHEAD_LIMIT));
    return begun;
  }

  private Cluster reachCluster(Steps steps) {
    steps.begin("cluster");
    steps.update("reading the kubeconfig");
    PersonAccess person = PersonAccess.of(host.commands(), request.caller());
    List<Path> files = request.kubeconfigs().stream().map(Path::of).toList();
    var context = Kubeconfig.load(files, person).choose(request.context(), request.namespace());
    steps.update("connecting to " + context.name());
    Cluster cluster = Cluster.connect(context, person, person, person.proxies(), remaining());
    teardown.push("the Kubernetes client", cluster::close);
    board.cluster(context.name(), context.namespace());
    steps.done(
        "%s (%s), Kubernetes %s, as %s"
            .formatted(context.name(), cluster.uri(), cluster.version(), cluster.userName()));
    return cluster;
  }

  private void reviewAccess(Steps steps, Cluster cluster) throws InterruptedException {
    steps.begin("access");
    steps.update("asking what you may do in " + cluster.namespace());
    Ahead<AccessReview> asked = ahead("reviewing access", () -> AccessReview.requireForUp(cluster));
    cluster.requireNamespace();
    AccessReview review = asked.await();
    steps.done(
        review.missingOptional().isEmpty()
            ? "ok"
            : "ok, without: " + String.join(", ", review.missingOptional()));
  }

  private IoEventLoop startLoop() {
    var group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    teardown.push(
        "the event loop",
        () -> {
          if (!group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS)) {
            throw new IllegalStateException("its thread still runs");
          }
        });
    return group.next();
  }

  private Tunnel openTunnel(
      Steps steps,
      Cluster cluster,
      IoEventLoop loop,
      SessionKeys keys,
      SessionSecret secret,
      DirectWay direct)
      throws InterruptedException {
    steps.begin("proxy");
    ProxyDeployment deployment =
        new ProxyDeployment(
            cluster,
            new ProxySpec(
                request.caller().name(),
                sessionId(),
                request.image() == null ? ProxySpec.DEFAULT_IMAGE : request.image(),
                request.imagePullSecret(),
                request.resumeSeconds(),
                keys.hostKeyFile(),
                keys.authorizedKeys(),
                secret.base64()));
    String where = deployment.name() + " in " + cluster.namespace();
    steps.update(where + ": creating");
    // First the undo: a create that fails half-way leaves its half to it.
    teardown.push("the proxy " + deployment.name(), () -> delete(deployment));
    deployment.create();
    ahead("compiling the cipher", CipherWarmUp::run); // the pod takes a second to start
    List<String> seen = new ArrayList<>();
    ProxyPod pod =
        deployment.awaitRunning(
            text -> {
              seen.add(text);
              steps.update(where + ": " + String.join(", ", seen));
            },
            remaining());
    steps.done(where + ": " + String.join(", ", seen));

    steps.begin("tunnel");
    String carriers = request.carriers() + (request.carriers() == 1 ? " carrier" : " carriers");
    steps.update("opening " + carriers);
    ProxyPods pods = new ProxyPods(cluster, deployment, POD_AGAIN_LIMIT, protocols);
    ProxyRoute route = new ProxyRoute(pods, direct.beside(pods), pod);
    Tunnel tunnel =
        new Tunnel(
            new Lane.Setup(
                loop,
                SshSettings.ofProxy(keys.host().getPublic(), keys.user()),
                new ResumeSettings(secret, Duration.ofSeconds(request.resumeSeconds())),
                route,
                direct::way),
            request.carriers(),
            this);
    teardown.push(
        "the tunnel",
        () -> {
          away = tunnel.lanes().stream().noneMatch(Lane::isUp);
          direct.end();
          tunnel.close();
          route.end();
        });
    board.tunnel(tunnel);
    tunnel.open(remaining());
    AgentInfo info = awaitAgent();
    LOG.info("agent {} in the proxy, limit {} s", info.version(), info.limitSeconds());
    steps.done(carriers + ", AES-128-GCM");
    return tunnel;
  }

  /** A cluster that did not answer its carriers gets a moment to answer this. */
  private void delete(ProxyDeployment deployment) throws InterruptedException {
    if (away && !Ahead.start("the deletion", deployment::requestDelete).endsWithin(AWAY_LIMIT)) {
      throw new KtdException(
          ErrorCode.UNREACHABLE,
          "the cluster does not answer; the proxy ends by itself within "
              + request.resumeSeconds()
              + " s",
          null);
    }
    deployment.delete(DELETE_LIMIT);
  }

  private AgentInfo awaitAgent() throws InterruptedException {
    try {
      return agent.get(remaining().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new KtdException(
          ErrorCode.TUNNEL,
          "the proxy pod's agent lets us in, but says nothing of itself",
          "Is the image one of this version of ktd? Build and load it:  make image",
          e);
    }
  }

  private DataPath openDevice(Steps steps, IoEventLoop loop, Tunnel tunnel, RoutePlan routes)
      throws InterruptedException {
    steps.begin("routes");
    steps.update("making " + DataPath.DEVICE);
    DataPath opened = DataPath.open(loop, host, tunnel, routes.cidrs());
    teardown.push("the device " + opened.device(), opened::close);
    path = opened;
    board.path(opened);
    NetworkChanges.Watch watch =
        host.networkChanges()
            .watch(
                opened.device(),
                kind -> {
                  LOG.debug("{}: the carriers are probed", kind);
                  tunnel.probe();
                });
    teardown.push("the watch of the network", watch::close);
    teardown.push("the routes", host.routes()::reset);
    List<Cidr> wanted = new ArrayList<>(routes.routes());
    wanted.add(Cidr.of(DataPath.RESOLVER));
    host.routes().apply(opened.device(), wanted);
    steps.done(
        routes.networks().stream()
                .map(network -> network.cidr() + " " + network.kind())
                .collect(Collectors.joining(", "))
            + " through "
            + opened.device());
    return opened;
  }

  private void setUpNames(
      Steps steps, Cluster cluster, DataPath opened, RoutePlan routes, Set<String> namespaces)
      throws InterruptedException {
    steps.begin("names");
    AgentInfo info = agent.getNow(new AgentInfo(1, List.of(), List.of(), 0));
    opened.cluster().servers(info.nameservers());
    HostResolver.Current current = host.resolver().current();
    DnsPlan plan =
        DnsPlan.compile(
            new DnsPlan.Facts(
                DataPath.RESOLVER,
                cluster.namespace(),
                namespaces,
                info.search(),
                request.dnsSuffixes(),
                routes.cidrs()),
            current);
    if (!plan.rules().leftOut().isEmpty()) {
      steps.warn(
          "%s: a public domain as well as a namespace. NAME.NAMESPACE asks the public one first;"
                  .formatted(String.join(", ", plan.rules().leftOut()))
              + " NAME.NAMESPACE.svc is always the cluster's");
    }
    teardown.push("the host's names", host.resolver()::reset);
    opened.names().apply(plan);
    board.dns(current.mode(), plan);
    steps.update("checking");
    opened.names().verify(plan);
    board.dnsVerified();
    steps.done(
        "*.%s, svc, svc.%s through %s, checked"
            .formatted(
                String.join(", *.", plan.rules().suffixes()), cluster.namespace(), current.mode()));
  }

  /** What is left of {@code --timeout}, at least a moment. */
  private Duration remaining() {
    return Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
  }

  private static String sessionId() {
    byte[] bytes = new byte[SESSION_ID_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public void up() {
    board.tunnelUp(true);
    DataPath opened = path;
    if (opened != null) {
      opened.cluster().tunnel(true);
    }
  }

  @Override
  public void introduced(AgentInfo info) {
    if (!agent.complete(info)) {
      // The pod may be another one than before, with other name servers.
      DataPath opened = path;
      if (opened != null) {
        opened.cluster().servers(info.nameservers());
      }
    }
  }

  @Override
  public void cut() {
    board.tunnelUp(false);
  }

  @Override
  public void down() {
    DataPath opened = path;
    if (opened != null) {
      opened.cluster().tunnel(false);
    }
  }

  /** Whether {@code other} asks for what this session already is, for the same person. */
  boolean sameAs(Request.Up other) {
    return request.caller().uid() == other.caller().uid()
        && request.kubeconfigs().equals(other.kubeconfigs())
        && board.isFor(other.context(), other.namespace());
  }

  /** Throws CONFLICT when {@code other} gives flags that this session was not made with. */
  void requireSameFlags(Request.Up other) {
    FlagDifferences.refuse(title(), request, other);
  }

  /** From now on {@code ktd status} says so, and nobody can join. */
  void ending() {
    board.closing();
  }

  boolean isEnding() {
    return board.state() == SessionState.CLOSING;
  }

  String title() {
    return board.title();
  }

  StatusReport status() {
    return board.report();
  }

  /**
   * Undoes everything, the newest first. Repeatable, also at once: all callers return when it is
   * done. An interrupt does not stop it.
   *
   * @return what could not be undone; empty when all went well
   */
  List<String> close() {
    ending();
    return teardown.run();
  }
}
