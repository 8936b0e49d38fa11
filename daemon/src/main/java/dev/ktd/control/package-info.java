/**
 * The daemon's socket: HTTP and JSON over a Unix socket, the peer checked. First type to read:
 * Request.
 */
@NullMarked
package dev.ktd.control;

import org.jspecify.annotations.NullMarked;
