package dev.ktd.cli;

import picocli.CommandLine.Command;

/** {@code ktd dns} without a verb. */
@Command(
    name = "dns",
    description = "Shows how this machine's names are resolved.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "Example:  ktd dns trace web.default"})
final class DnsCommand {}
