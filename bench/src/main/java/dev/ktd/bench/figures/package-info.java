/**
 * What every benchmark here shares: rounds and their medians, the verdicts on targets, the table
 * and the JSON file, and what the kernel counts. Knows no particular benchmark.
 */
@NullMarked
package dev.ktd.bench.figures;

import org.jspecify.annotations.NullMarked;
