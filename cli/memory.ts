import { setFlagsFromString } from 'node:v8'

/**
 * Several threads share the machine's memory, and each heap would by itself grow to several times of what is alive in
 * it. Here they grow by a fifth: measured on an import, a quarter less memory for a few per cent more time.
 */
setFlagsFromString('--heap-growing-percent=20')
