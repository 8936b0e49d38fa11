package dev.ktd.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Flags that every command understands, before or after its name. */
final class GlobalOptions {
  @Option(
      names = "--context",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "context of the kubeconfig (else its current one)")
  @Nullable String context;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "kubeconfig (else KUBECONFIG, else ~/.kube/config of the person who calls, also under"
              + " sudo)")
  @Nullable String kubeconfig;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "namespace (else the context's)")
  @Nullable String namespace;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "text|json",
      scope = ScopeType.INHERIT,
      defaultValue = "text",
      description = "text for people, json for scripts (events: one object a line)")
  OutputFormat output = OutputFormat.text;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "show this help")
  boolean help;
}
