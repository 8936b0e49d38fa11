/** A host in memory for tests: it records what it is asked for. First type to read: FakeHost. */
@NullMarked
package dev.ktd.os.fake;

import org.jspecify.annotations.NullMarked;
