/**
 * Who resolves names on a Linux host, and how ktd takes part. First type to read: LinuxNames, which
 * looks (NameFacts), decides (Arrangement) and sets (NameSetter).
 */
@NullMarked
package dev.ktd.os.linux.names;

import org.jspecify.annotations.NullMarked;
