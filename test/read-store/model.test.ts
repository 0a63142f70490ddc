import { readStoreModel } from '../contract/read-store-model.js'
import { allAbilities } from '../contract/read-store/under-test.js'
import { openEmbedded } from './open-embedded.js'

readStoreModel('embedded', openEmbedded, { runs: 200, abilities: allAbilities })
