package dev.ktd.cli;

import dev.ktd.control.DnsTrace;
import dev.ktd.control.Request;
import dev.ktd.control.RequestRules;
import dev.ktd.error.ErrorCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code ktd dns trace}. */
@Command(
    name = "trace",
    description =
        "Shows who answers a name and why: what programs find, and what ktd says, step by step."
            + " Exit status 0 found, 5 not.",
    footer = {"", "Example:  ktd dns trace web.default"})
final class DnsTraceCommand implements Callable<Integer> {
  private final Cli cli;

  @Parameters(paramLabel = "NAME", description = "a name as a program is given it, or an address")
  private String name = "";

  DnsTraceCommand(Cli cli) {
    this.cli = cli;
  }

  @Override
  public Integer call() {
    Request.DnsTrace request = new Request.DnsTrace(name);
    RequestRules.check(request);
    DnsTrace trace = cli.surroundings().client().dnsTrace(request);
    cli.output().trace(trace);
    boolean found = trace.programs().stream().anyMatch(program -> !program.answers().isEmpty());
    return found ? 0 : ErrorCode.DNS.exitStatus();
  }
}
