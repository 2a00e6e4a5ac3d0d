export { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
