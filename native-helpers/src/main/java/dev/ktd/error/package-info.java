/**
 * What can go wrong, as people and scripts see it. First type to read: {@link
 * dev.ktd.error.ErrorCode}. Imports nothing but the JDK; any thread.
 */
@NullMarked
package dev.ktd.error;

import org.jspecify.annotations.NullMarked;
