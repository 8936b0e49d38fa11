/**
 * A session from IDLE to CONNECTED and back: who does what in which order, and how each step is
 * undone. First type to read: Sessions. Runs on virtual threads.
 */
@NullMarked
package dev.ktd.session;

import org.jspecify.annotations.NullMarked;
