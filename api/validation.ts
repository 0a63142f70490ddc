import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'
import { shown } from '../domain/fault.js'
import { Problem, type RequestFault } from './problem.js'

/**
 * Checks path, query and headers by their schemas. Numbers come as text there, and are read. Bodies are checked by the
 * rules of their records, which also know what a field has to mean.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'body') return () => true
  const validator = Compile(schema)
  return (value: unknown) => {
    if (validator.Check(value)) return { value }
    const converted = Value.Convert(schema, value)
    if (validator.Check(converted)) return { value: converted }
    return { error: faultyParameters(schema, value, validator.Errors(converted)) }
  }
}

function faultyParameters(schema: TSchema, value: unknown, errors: TLocalizedValidationError[]): Problem {
  const faults = new Map<string, RequestFault>()
  for (const { instancePath, keyword, params } of errors) {
    const missing = keyword === 'required' ? params.requiredProperties[0] : undefined
    const name = missing ?? instancePath.split('/')[1] ?? ''
    if (!faults.has(name)) faults.set(name, faultOf(name, schema, (value as Record<string, unknown>)[name]))
  }
  const details = [...faults.values()].map(({ detail }) => detail)
  return new Problem('invalid-parameter', details.join('; '), { errors: [...faults.values()] })
}

/** The schema's description says what would be right. */
function faultOf(name: string, schema: TSchema, value: unknown): RequestFault {
  const { properties } = schema as {
    properties?: Readonly<Record<string, { readonly description?: string }>>
  }
  const rule = properties?.[name]?.description ?? 'see /docs'
  const found = value === undefined ? 'is missing' : `is ${shown(value)}`
  return { path: `/${name}`, code: 'invalid-parameter', detail: `${name} ${found}: ${rule}` }
}
