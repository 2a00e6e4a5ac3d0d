/**
 * Key of an option that moves the server's clock as our scripts read it, in ms: so that tests of
 * what happens later need not wait. Every process that works on the same keys must move it alike.
 */
export const clockOffset: unique symbol = Symbol('clockOffset')
