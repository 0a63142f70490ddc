import type { Server } from './services.js'
import { invalidAsOf } from './time-travel.js'

/**
 * Refuses `asOf` where it would not be answered: a list as of now is not what was asked for. Call it before the routes
 * are added.
 */
export function refuseAsOfElsewhere(server: Server): void {
  server.addHook('onRoute', (route) => {
    const query = route.schema?.querystring as { readonly properties?: object } | undefined
    const parameters = query?.properties ?? {}
    if (!('minPosition' in parameters) || 'asOf' in parameters) return
    route.preValidation = [route.preValidation ?? []].flat()
    route.preValidation.push(async ({ query }) => {
      if ((query as { asOf?: unknown }).asOf !== undefined)
        throw invalidAsOf(`asOf is not taken by ${route.url}, which answers as of now: leave it away`)
    })
  })
}
