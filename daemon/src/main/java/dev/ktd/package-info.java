/** The program: chooses a role and wires it by constructor. First type to read: Ktd. No logic. */
@NullMarked
package dev.ktd;

import org.jspecify.annotations.NullMarked;
