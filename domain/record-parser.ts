import type { TLocalizedValidationError } from 'typebox/error'
import { controlCharacter, faultCodes, shown, type Fault, type FaultCode } from './fault.js'
import { InvalidRecord, InvalidValue } from './invalid-record.js'

/** What one kind of record looks like and means. */
export interface RecordRules<Input extends object, Parsed> {
  /** Its compiled schema. */
  readonly validator: {
    Check(value: unknown): value is Input
    Errors(value: unknown): [passed: boolean, errors: TLocalizedValidationError[]]
  }
  readonly fields: Readonly<Record<keyof Input, FieldRules>>
  /** What the fields have to fulfil together: the fault if they do not. They may be absent or of any type here. */
  readonly together?: (input: Untrusted<Input>) => Fault | undefined
  /** From a value of the right shape. Throws an {@link InvalidValue} where `read` or `together` would find a fault. */
  readonly build: (input: Input) => Parsed
}

export interface FieldRules {
  /** Of a fault in the field's shape. */
  readonly code: FaultCode
  /** For text that has to mean something: throws an {@link InvalidValue} if it does not. */
  readonly read?: (text: string) => unknown
}

export type Untrusted<Input> = Readonly<Partial<Record<keyof Input, unknown>>>

/**
 * The function from any value to a record of one kind. It throws an {@link InvalidRecord} with every fault it finds.
 *
 * A good record costs one compiled check and `build`; only a bad one is gone through field by field.
 */
export function recordParser<Input extends object, Parsed>(
  rules: RecordRules<Input, Parsed>,
): (value: unknown) => Parsed {
  return (value) => {
    let cause: InvalidValue | undefined
    if (rules.validator.Check(value)) {
      try {
        return rules.build(value)
      } catch (error) {
        if (!(error instanceof InvalidValue)) throw error
        cause = error
      }
    }
    const [first, ...more] = faultsOf(rules, value)
    if (first) throw new InvalidRecord([first, ...more])
    throw new InvalidRecord([
      { path: '', code: cause?.code ?? 'invalid-field', detail: cause?.message ?? 'the record is not valid' },
    ])
  }
}

function faultsOf<Input extends object>(rules: RecordRules<Input, unknown>, value: unknown): Fault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [
      {
        path: '',
        code: 'invalid-field',
        detail: `${shown(value)} is no record: ${faultCodes['invalid-field']}`,
      },
    ]
  }
  const input = value as Untrusted<Input>
  const [, errors] = rules.validator.Errors(value)
  const found = errors.flatMap((error) => shapeFaults(rules, input, error))
  // A field of several types breaks the rules of each: one fault says enough.
  const faults = found.filter(({ path }, i) => found.findIndex((other) => other.path === path) === i)
  const atFault = new Set(faults.map((fault) => fault.path))
  for (const field of Object.keys(rules.fields) as (keyof Input & string)[]) {
    const fault = atFault.has(`/${field}`) ? undefined : meaningFault(rules, input, field)
    if (fault) faults.push(fault)
  }
  const fault = rules.together?.(input)
  if (fault && !atFault.has(fault.path)) faults.push(fault)
  return faults
}

function shapeFaults<Input extends object>(
  { fields }: RecordRules<Input, unknown>,
  input: Untrusted<Input>,
  error: TLocalizedValidationError,
): Fault[] {
  // Which of several fields has to be there is for `together` to say: clearer than the branches of an anyOf.
  if (error.schemaPath.startsWith('#/anyOf') || (error.keyword === 'anyOf' && error.instancePath === ''))
    return []
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => missing(`${error.instancePath}/${name}`))
  }
  const field = error.instancePath.split('/')[1] as keyof Input & string
  if (input[field] === undefined) return [missing(error.instancePath)]
  return [wrong(field, error.instancePath, input[field], fields[field].code)]
}

/** The fault of a field that is missing. */
export function missing(path: string): Fault {
  return { path, code: 'missing-field', detail: `${path.slice(1)} is missing` }
}

function wrong(name: string, path: string, value: unknown, code: FaultCode): Fault {
  return (
    controlFault(name, path, value) ?? {
      path,
      code,
      detail: `${name} is ${shown(value)}: ${faultCodes[code]}`,
    }
  )
}

function meaningFault<Input extends object>(
  { fields }: RecordRules<Input, unknown>,
  input: Untrusted<Input>,
  field: keyof Input & string,
): Fault | undefined {
  const value = input[field]
  const { read } = fields[field]
  if (!read || typeof value !== 'string') return undefined
  try {
    read(value)
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    const path = `/${field}`
    return controlFault(field, path, value) ?? { path, code: error.code, detail: `${field} ${error.message}` }
  }
}

/** A control character explains more than the rule that it happens to break. */
function controlFault(name: string, path: string, value: unknown): Fault | undefined {
  const control = typeof value === 'string' ? controlCharacter(value) : undefined
  return control ? { path, code: 'control-character', detail: `${name} contains ${control}` } : undefined
}
