/**
 * Multiplies and divides without loss, rounding half up: `amount × numerator / denominator`. All are at least 0, the denominator
 * above 0.
 */
export function halfUp(amount: bigint, numerator: bigint, denominator: bigint): bigint {
  return (2n * amount * numerator + denominator) / (2n * denominator)
}

/**
 * Shares an amount out by weights with the method of the largest remainder: each part is its exact share rounded down or up, the
 * parts add up to the amount, and of equal remainders the first is rounded up. No part is larger than its weight while the amount
 * is at most the sum of the weights.
 *
 * @param weights each at least 0; where all are 0 the amount must be 0
 */
export function shareOut(amount: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((total, weight) => total + weight, 0n)
  if (sum === 0n) {
    if (amount !== 0n) throw new RangeError('an amount cannot be shared out by weights that are all 0')
    return weights.map(() => 0n)
  }
  const parts = weights.map(weight => (amount * weight) / sum)
  const remainders = weights.map((weight, index) => ({ index, remainder: (amount * weight) % sum }))
  // Sorting keeps equal ones in their order.
  remainders.sort((one, other) => Number(other.remainder > one.remainder) - Number(other.remainder < one.remainder))
  let left = amount - parts.reduce((total, part) => total + part, 0n)
  for (const { index } of remainders) {
    if (left === 0n) break
    parts[index] = (parts[index] ?? 0n) + 1n
    left -= 1n
  }
  return parts
}

/** The sum of amounts. */
export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
