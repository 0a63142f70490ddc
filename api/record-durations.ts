import type { HttpDurations } from './duration-histogram.js'
import type { Server } from './services.js'

/** Records how long the requests of each route take that is added after this, and logs the slow ones. */
export function recordDurations(server: Server, durations: HttpDurations, slow: number): void {
  server.addHook('onRoute', (route) => {
    // A hook of its own for each route: nothing has to be looked up by name.
    const ofRoute = durations.ofRoute([route.method].flat().join(','), route.url)
    route.onResponse = [
      ...[route.onResponse ?? []].flat(),
      (request, reply, done) => {
        const milliseconds = reply.elapsedTime
        ofRoute.record(reply.statusCode, milliseconds)
        if (milliseconds >= slow) {
          const { id, method, url } = request
          request.log.warn(
            { requestId: id, method, url, status: reply.statusCode, milliseconds },
            'a slow request',
          )
        }
        done()
      },
    ]
  })
}
