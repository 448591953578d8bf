/** Where a PostgreSQL server is and as whom to speak to it. `host` beginning with '/' is a folder with its socket. */
export type PostgresAddress = {
  host: string
  port: number
  user: string
  password: string | undefined
  database: string
}
