export { createSeededRandom } from '../../src/testing/seeded-random.ts'
