/** Turns the text of a template into what it says about some data. */
export interface TemplateEngine {
  /** Names it in errors. */
  readonly name: string
  /**
   * Reads a template. Called once for each text.
   *
   * @throws NotificationError `invalid_template` when it cannot be read
   */
  compile(source: string, options: CompileOptions): CompiledTemplate
}

/** How a template is read. */
export interface CompileOptions {
  /** In `html` every value is escaped for where it stands; in `text` none is. */
  readonly format: 'html' | 'text'
  /** Whether a value that is not there is an error, or nothing. */
  readonly missing: 'error' | 'empty'
}

/** A template that was read. */
export interface CompiledTemplate {
  /** @throws NotificationError `invalid_data` when a value is not there */
  render(data: object): string | Promise<string>
}
