/**
 * LiquidJS in the build that needs no module of Node; `liquid-library.ts` says what is used of it.
 */
declare module 'liquidjs/dist/liquid.browser.mjs' {
  export const Liquid: unknown
}
