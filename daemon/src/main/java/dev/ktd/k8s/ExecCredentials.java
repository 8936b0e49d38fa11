package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.ExecConfig;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Credentials from a plug-in (client.authentication.k8s.io), run as the person and kept until
 * shortly before they expire. One run at a time.
 */
final class ExecCredentials implements Credentials {
  private static final Set<String> VERSIONS =
      Set.of("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1");

  /** Plug-ins may open a browser and wait for the person. */
  private static final Duration RUN_LIMIT = Duration.ofSeconds(60);

  /** Renew that long before expiry, but never in the first four fifths of a short life. */
  private static final Duration EARLY = Duration.ofSeconds(30);

  private static final int SHOWN_ERRORS = 600;

  private final KubeContext context;
  private final ExecConfig exec;
  private final Authentication fixed;
  private final PluginRunner plugins;
  private final ExecCredentialFormat format;
  private final InstantSource clock;
  private @Nullable Authentication cached;
  private Instant renewAt = Instant.MIN;

  ExecCredentials(
      KubeContext context,
      ExecConfig exec,
      Authentication fixed,
      ReferencedFiles files,
      PluginRunner plugins,
      InstantSource clock) {
    this.context = context;
    this.exec = exec;
    this.fixed = fixed;
    this.plugins = plugins;
    this.clock = clock;
    this.format = new ExecCredentialFormat(files);
    if (exec.getCommand() == null || exec.getCommand().isEmpty()) {
      throw failure("has no command.", "Correct it in " + context.user().file() + ".", null);
    }
    if (!VERSIONS.contains(String.valueOf(exec.getApiVersion()))) {
      throw failure(
          "asks for apiVersion "
              + exec.getApiVersion()
              + "; ktd speaks client.authentication.k8s.io/v1 and v1beta1.",
          "Update the plug-in and its entry in " + context.user().file() + ".",
          null);
    }
    if ("Always".equals(exec.getInteractiveMode())) {
      throw failure(
          "wants a terminal (interactiveMode: Always), which a service does not have.",
          "Use a mode of the plug-in that asks nothing and interactiveMode: IfAvailable, or a"
              + " token.",
          null);
    }
  }

  @Override
  public synchronized Authentication current() {
    Authentication known = cached;
    if (known != null && clock.instant().isBefore(renewAt)) {
      return known;
    }
    ExecCredentialFormat.Parsed parsed = run();
    Instant now = clock.instant();
    Instant expires = parsed.expires();
    if (expires == null) {
      renewAt = Instant.MAX;
    } else {
      Duration fifth = Duration.between(now, expires).dividedBy(5);
      renewAt = expires.minus(fifth.compareTo(EARLY) < 0 ? fifth : EARLY);
    }
    Authentication shown = parsed.authentication();
    known =
        shown.certificatePem() != null
            ? shown
            : new Authentication(shown.token(), fixed.certificatePem(), fixed.keyPem());
    cached = known;
    return known;
  }

  private ExecCredentialFormat.Parsed run() {
    List<String> command = new ArrayList<>();
    String program = String.valueOf(exec.getCommand());
    command.add(
        program.contains("/")
            ? ReferencedFiles.absolute(context.user(), program).toString()
            : program);
    command.addAll(exec.getArgs() == null ? List.of() : exec.getArgs());
    Map<String, String> environment = new HashMap<>();
    if (exec.getEnv() != null) {
      exec.getEnv().forEach(entry -> environment.put(entry.getName(), entry.getValue()));
    }
    environment.put("KUBERNETES_EXEC_INFO", format.request(context, exec));
    PluginRunner.Result result;
    try {
      result = plugins.run(List.copyOf(command), Map.copyOf(environment), "", RUN_LIMIT);
    } catch (NoSuchFileException | FileNotFoundException e) {
      String install = exec.getInstallHint();
      throw failure(
          "was not found.",
          install == null || install.isBlank()
              ? "Install " + program + ", or correct its path in " + context.user().file() + "."
              : install.strip(),
          e);
    } catch (IOException e) {
      throw failure("did not run: " + e.getMessage() + ".", renewalHint(), e);
    }
    if (result.exitStatus() != 0) {
      String errors = firstLines(result.errors());
      throw failure(
          "failed with exit status "
              + result.exitStatus()
              + (errors.isEmpty() ? "." : ": " + errors),
          renewalHint(),
          null);
    }
    try {
      return format.parse(result.output(), String.valueOf(exec.getApiVersion()));
    } catch (ExecCredentialFormat.Malformed e) {
      throw failure(e.getMessage() + ".", renewalHint(), null);
    }
  }

  private static String firstLines(String text) {
    String lines =
        text.lines().filter(line -> !line.isBlank()).limit(5).collect(Collectors.joining("\n"));
    return lines.length() <= SHOWN_ERRORS ? lines : lines.substring(0, SHOWN_ERRORS) + " ...";
  }

  @Override
  public synchronized void forget() {
    cached = null;
  }

  @Override
  public String renewalHint() {
    return "Sign in again, then check:  kubectl --context "
        + Kubeconfig.shellWord(context.name())
        + " auth whoami";
  }

  private KtdException failure(String what, String hint, @Nullable Exception cause) {
    return new KtdException(
        ErrorCode.CREDENTIALS,
        "the credential plug-in "
            + Kubeconfig.quoted(String.valueOf(exec.getCommand()))
            + " of the user "
            + Kubeconfig.quoted(context.userEntry())
            + " "
            + what,
        hint,
        cause);
  }
}
