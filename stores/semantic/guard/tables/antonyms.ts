/** Words that are each other's opposite. A difference of two of them is reported as one. */
import { words } from './list.ts'

const PAIRS = words(`
  on/off enable/disable activate/deactivate open/close start/stop begin/end increase/decrease raise/lower add/remove
  install/uninstall buy/sell lend/borrow import/export upload/download lock/unlock show/hide accept/reject allow/block
  allow/deny connect/disconnect hot/cold big/small long/short high/low fast/slow cheap/expensive safe/dangerous legal/illegal
  good/bad old/new young/old true/false positive/negative gain/lose win/lose love/hate push/pull push/pop give/take send/receive
  encrypt/decrypt encode/decode compress/decompress mount/unmount follow/unfollow subscribe/unsubscribe attach/detach
  advantage/disadvantage pro/con input/output enter/exit entry/exit arrive/leave arrival/departure before/after up/down
  in/out inside/outside left/right north/south east/west male/female man/woman boy/girl public/private full/empty
  rich/poor strong/weak hard/soft hard/easy easy/difficult light/dark light/heavy wet/dry early/late first/last more/less most/least
  max/min maximum/minimum ascending/descending vertical/horizontal success/failure alive/dead birth/death day/night winter/summer
  freeze/melt inhale/exhale expand/contract attack/defend create/delete create/destroy save/delete deposit/withdraw tighten/loosen
  sharpen/blunt wide/narrow thick/thin deep/shallow clean/dirty clean/soil sweet/sour visible/invisible possible/impossible regular/irregular
  happy/sad happy/unhappy war/peace friend/enemy teacher/student parent/child employer/employee buyer/seller doctor/patient
  mute/unmute check/uncheck zip/unzip promote/demote include/exclude join/leave merge/split union/intersection multiply/divide
  activar/desactivar encender/apagar abrir/cerrar empezar/terminar subir/bajar aumentar/disminuir aumentar/reducir comprar/vender
  prestar/pedir importar/exportar cargar/descargar bloquear/desbloquear mostrar/ocultar aceptar/rechazar permitir/prohibir
  conectar/desconectar caliente/frio grande/pequeño largo/corto alto/bajo rapido/lento barato/caro legal/ilegal bueno/malo
  bueno/mala viejo/nuevo joven/viejo verdadero/falso positivo/negativo ganar/perder amar/odiar empujar/tirar dar/recibir
  enviar/recibir cifrar/descifrar comprimir/descomprimir seguir/dejar ventaja/desventaja ventajas/desventajas entrada/salida entrar/salir
  llegar/salir antes/despues dentro/fuera izquierda/derecha norte/sur este/oeste hombre/mujer niño/niña publico/privado lleno/vacio
  rico/pobre fuerte/debil dificil/facil dia/noche invierno/verano congelar/derretir crear/borrar crear/eliminar agregar/quitar
  añadir/quitar instalar/desinstalar vivo/muerto ancho/estrecho limpio/sucio dulce/salado posible/imposible feliz/triste
  guerra/paz amigo/enemigo mas/menos mejor/peor mayor/menor maximo/minimo superior/inferior primero/ultimo temprano/tarde
  con/sin siempre/nunca todo/nada todos/ninguno activo/inactivo activo/desactivo enciendo/apago abro/cierro subo/bajo compro/vendo
  conecto/desconecto bloqueo/desbloqueo instalo/desinstalo acepto/rechazo activacion/desactivacion nacer/morir nacio/murio
`)

const KNOWN: ReadonlySet<string> = new Set(PAIRS.flatMap(pair => [pair, pair.split('/').reverse().join('/')]))

/** Beginnings that turn a word around: un-happy, des-activar. */
const PREFIXES = words('un in im ir il dis des de non anti mis a i')

export function areOpposite(a: string, b: string): boolean {
  return KNOWN.has(`${a}/${b}`) || PREFIXES.some(prefix => prefix + a === b || prefix + b === a)
}
