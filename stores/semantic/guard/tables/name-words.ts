/** Names that are common words in lower case. Where the case of one of them differs, nobody can say what was meant. */
import { wordSet } from './list.ts'

export const NAME_WORDS = wordSet(`
  polish turkey china apple jobs may march august amazon java python ruby rust go swift word words excel access windows
  shell target gap mercury jordan will mark bill rose grace hope frank jack bath reading nice cork orange oracle meta
  alphabet signal discord slack teams zoom snap edge chrome safari spring visa ford bush trump king queen pope earth moon
  sun mars saturn dragon office outlook pages numbers notes keynote stripe square block uber lime bird puma jaguar ram
  dodge focus fiesta polo golf danish finnish dutch welsh job mobile phoenix buffalo lima chile wales guinea kiwi
  paz rosa granada cruz luz mar sol angel victoria mercedes pilar dolores leon leones cuenca toro salvador consuelo
  esperanza reyes iglesias casas correa papa estado gobierno tierra luna marte oeste
`)

/** Names that are function words in lower case: a country is not a pronoun. */
export const CAPITAL_NAMES = wordSet(
  'US IT WHO AM PM IN OR ME IS AS SO AID AIDS BE DO CAN MAY UN NO_ LA DE SI',
)
