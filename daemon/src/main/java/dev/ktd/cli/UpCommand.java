package dev.ktd.cli;

import dev.ktd.control.ControlClient;
import dev.ktd.control.Event;
import dev.ktd.control.Request;
import dev.ktd.control.RequestRules;
import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ktd up}. */
@Command(
    name = "up",
    description = {
      "Connects this machine to the cluster.",
      "Addresses of pods and services and names of the cluster then work in every program. Returns",
      "when every check has passed. Ctrl-C undoes what was done."
    },
    sortOptions = false,
    footer = {"", "Example:  sudo ktd up --namespace shop --exclude 10.42.8.0/21"})
final class UpCommand implements Callable<Integer> {
  private static final Duration WATCH = Duration.ofSeconds(2);
  private static final Duration ENDING = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final List<String> PROXY_VARIABLES =
      List.of("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy");
  private static final Pattern UNQUOTED = Pattern.compile("[a-zA-Z0-9_@%+=:,./-]+");

  private final Cli cli;

  @Option(
      names = "--cidr",
      paramLabel = "NETWORK",
      description = "one more network to reach through the cluster (repeatable)")
  private List<String> cidrs = List.of();

  @Option(
      names = "--exclude",
      paramLabel = "NETWORK",
      description = "a network that stays outside (repeatable)")
  private List<String> excludes = List.of();

  @Option(
      names = "--dns-suffix",
      paramLabel = "SUFFIX",
      description = "one more domain that the cluster's DNS answers (repeatable)")
  private List<String> dnsSuffixes = List.of();

  @Option(
      names = "--carriers",
      paramLabel = "N",
      defaultValue = "2",
      description = "connections to the cluster, 1 to 4 (default ${DEFAULT-VALUE})")
  private int carriers;

  @Option(names = "--image", paramLabel = "REF", description = "another image for the proxy pod")
  private @Nullable String image;

  @Option(
      names = "--image-pull-secret",
      paramLabel = "SECRET",
      description = "Secret of the namespace with which the image is pulled")
  private @Nullable String imagePullSecret;

  @Option(
      names = "--resume",
      paramLabel = "DURATION",
      defaultValue = "15m",
      converter = Durations.class,
      description =
          "how long open connections outlive a cut, and the proxy pod a client that is gone, 10s to"
              + " 24h (default ${DEFAULT-VALUE})")
  private Duration resume = Duration.ZERO;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      defaultValue = "60s",
      converter = Durations.class,
      description = "give up and undo after this time, 1s to 1h (default ${DEFAULT-VALUE})")
  private Duration timeout = Duration.ZERO;

  @Option(names = "--foreground", description = "stay until Ctrl-C, then disconnect")
  private boolean foreground;

  UpCommand(Cli cli) {
    this.cli = cli;
  }

  @Override
  public Integer call() throws InterruptedException {
    CallerResolver resolver = new CallerResolver(cli.surroundings());
    Request.Caller caller = resolver.caller();
    Request.Up request =
        new Request.Up(
            caller,
            resolver.kubeconfigs(cli.options().kubeconfig, caller),
            cli.options().context,
            cli.options().namespace,
            cidrs,
            excludes,
            dnsSuffixes,
            carriers,
            image,
            imagePullSecret,
            seconds("--resume", resume),
            seconds("--timeout", timeout));
    RequestRules.check(request);
    startDaemonIfNone();
    requireOwnSession();
    try {
      connect(request);
    } catch (KtdException refused) {
      if (refused.code() != ErrorCode.NOT_CONNECTED || !waitForItsEnd()) {
        throw refused;
      }
      startDaemonIfNone();
      connect(request);
    }
    if (foreground) {
      stayUntilSignal();
    }
    return 0;
  }

  /** In the foreground it ends what it began, so it must not find something that others began. */
  private void requireOwnSession() {
    if (foreground && !cli.surroundings().client().status().state().equals("IDLE")) {
      throw new KtdException(
          ErrorCode.CONFLICT,
          "this machine is connected already, and --foreground ends what it began.",
          "Look:  ktd status        To disconnect:  ktd down");
    }
  }

  private static int seconds(String flag, Duration duration) {
    if (duration.compareTo(Duration.ofDays(1)) > 0 || duration.toMillis() % 1000 != 0) {
      throw new KtdException(
          ErrorCode.USAGE,
          "%s is a number of whole seconds, at most a day.".formatted(flag),
          "Write for example:  " + flag + " 90s");
    }
    return (int) duration.toSeconds();
  }

  private void startDaemonIfNone() throws InterruptedException {
    if (cli.surroundings().client().isRunning()) {
      return;
    }
    if (!cli.surroundings().isRoot()) {
      throw new KtdException(
          ErrorCode.PERMISSION,
          "no ktd daemon runs, and only root may start one.",
          "Type:  " + sudo());
    }
    cli.surroundings().starter().start();
  }

  /** A daemon on demand ends with its session: we may have met one that was about to. */
  private boolean waitForItsEnd() throws InterruptedException {
    long deadline = System.nanoTime() + ENDING.toNanos();
    while (cli.surroundings().client().isRunning()) {
      if (System.nanoTime() > deadline || cli.surroundings().interrupts().await(POLL)) {
        return false;
      }
    }
    return true;
  }

  /**
   * The same command through sudo, which drops KUBECONFIG and HTTPS_PROXY unless they are said
   * again.
   */
  private String sudo() {
    StringBuilder command = new StringBuilder("sudo");
    // By name, not by value: a proxy's address may hold a password.
    String proxies =
        PROXY_VARIABLES.stream()
            .filter(name -> !cli.surroundings().environment().getOrDefault(name, "").isEmpty())
            .collect(Collectors.joining(","));
    if (!proxies.isEmpty()) {
      command.append(" --preserve-env=").append(proxies);
    }
    String kubeconfig = cli.surroundings().environment().get("KUBECONFIG");
    if (kubeconfig != null && !kubeconfig.isEmpty() && cli.options().kubeconfig == null) {
      command.append(" KUBECONFIG=").append(quote(kubeconfig));
    }
    command.append(" ktd");
    for (String argument : cli.arguments()) {
      command.append(' ').append(quote(argument));
    }
    return command.toString();
  }

  private static String quote(String argument) {
    return UNQUOTED.matcher(argument).matches()
        ? argument
        : "'" + argument.replace("'", "'\\''") + "'";
  }

  private void connect(Request.Up request) {
    Output output = cli.output();
    try (ControlClient.Call call = cli.surroundings().client().up(request);
        Interrupts.Scope _ = cli.surroundings().interrupts().during(call::cancel)) {
      output.event(new Event.Finished(call.await(output::event)));
    }
  }

  private void stayUntilSignal() throws InterruptedException {
    ControlClient client = cli.surroundings().client();
    while (!cli.surroundings().interrupts().await(WATCH)) {
      StatusReport report = client.status();
      if (report.state().equals("IDLE")) {
        throw new KtdException(
            ErrorCode.NOT_CONNECTED, "the session was ended by someone else.", null);
      }
    }
    Output output = cli.output();
    try (ControlClient.Call call = client.down()) {
      output.event(new Event.Finished(call.await(output::event)));
    }
  }
}
