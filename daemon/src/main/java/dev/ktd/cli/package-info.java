/** The command line. First type to read: Cli. Imports {@code control} and {@code error} only. */
@NullMarked
package dev.ktd.cli;

import org.jspecify.annotations.NullMarked;
