/** A setting that cannot be used. The message names it, its value and what would be accepted. */
export class InvalidSetting extends Error {
  readonly code = 'invalid-setting'
}
