/** Settings of the connection to Kafka: rows of the table in `configuration.ts`. */
import { addresses, choice, file, flag, number, type Row, text } from './setting-rows.ts'

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const

export const BROKER_SETTINGS = {
  kafkaBrokers: addresses('KAFKA_BROKERS', {
    default: [],
    description:
      'Kafka brokers, host:port with commas between. Empty: the embedded log in DATA_DIR, one process, no broker.',
  }),
  kafkaSsl: flag('KAFKA_SSL', {
    default: false,
    description: 'Connections to the brokers are encrypted, and their certificates checked.',
  }),
  kafkaSslCaFile: file('KAFKA_SSL_CA_FILE', {
    default: '',
    description:
      'Certificates, as PEM, that those of the brokers must lead to. Empty: those that Node trusts.',
  }),
  kafkaSslCertificateFile: file('KAFKA_SSL_CERT_FILE', {
    default: '',
    description: 'Certificate, as PEM, by which the brokers know this client. Empty: they are shown none.',
  }),
  kafkaSslKeyFile: file('KAFKA_SSL_KEY_FILE', {
    default: '',
    description: 'Its private key, as PEM.',
  }),
  kafkaSaslMechanism: choice<(typeof MECHANISMS)[number] | ''>('KAFKA_SASL_MECHANISM', MECHANISMS, {
    default: '',
    description:
      'How to log in to the brokers: plain, scram-sha-256 or scram-sha-512. Empty: without. Use it with KAFKA_SSL: plain sends the password as it is.',
  }),
  kafkaSaslUsername: text('KAFKA_SASL_USERNAME', { default: '', description: 'Who logs in.' }),
  kafkaSaslPassword: text('KAFKA_SASL_PASSWORD', {
    default: '',
    secret: true,
    description: 'The password of that user.',
  }),
  kafkaCompression: choice<(typeof COMPRESSIONS)[number]>('KAFKA_COMPRESSION', COMPRESSIONS, {
    default: 'none',
    description: 'Compression of what is written: none, gzip or zstd. What is read may be any of them.',
  }),
  kafkaReplication: number('KAFKA_REPLICATION', [1, 32_767], {
    default: -1,
    defaultText: "the brokers' own",
    unit: 'copies',
    description: 'Copies of each partition of topics that are created.',
  }),
} as const satisfies Record<string, Row<unknown>>
