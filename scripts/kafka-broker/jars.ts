import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The release that is run, as jars and as a container image alike. */
export const kafkaVersion = '4.1.1'
const javaVersionMin = 17
const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** The Java launcher: that of JAVA_HOME where it is set, otherwise the one on the path. */
export function javaCommand(): string {
  const home = process.env.JAVA_HOME
  return home ? join(home, 'bin', 'java') : 'java'
}

/** The folder of the jars below `cacheDir`; their versions are in its name, so that a new pin is a new download. */
export function jarsDir(cacheDir: string): string {
  return join(cacheDir, 'jars', `${kafkaVersion}-tools`)
}

/**
 * Whether Kafka can be run from jars here.
 *
 * @param cacheDir the folder the jars are kept in between runs
 * @returns null if so, otherwise what is missing, as half a sentence
 */
export function whyNoJava(cacheDir: string): string | null {
  const java = spawnSync(javaCommand(), ['-version'], { encoding: 'utf8' })
  if (java.error || java.status !== 0) return 'no Java was found'
  // `java -version` writes to standard error: openjdk version "17.0.15" …
  const major = Number(/version "(\d+)/.exec(`${java.stderr}${java.stdout}`)?.[1] ?? 0)
  if (major < javaVersionMin) return `Java ${major} is older than ${javaVersionMin}`
  if (existsSync(jarsDir(cacheDir))) return null
  const maven = spawnSync('mvn', ['-version'], { encoding: 'utf8' })
  return maven.error || maven.status !== 0 ? 'no Maven was found to download Kafka with' : null
}

/**
 * Downloads Kafka and what it needs to run, once. They are gathered beside their place and moved there when they are
 * complete, so that neither an interrupted download nor two at the same time leave half a folder behind.
 *
 * @param cacheDir the folder the jars are kept in between runs
 * @param log takes one line for each file that arrived
 * @returns the folder that holds the jars
 * @throws Error with Maven's last lines when the download fails
 */
export async function fetchJars(cacheDir: string, log: (line: string) => void): Promise<string> {
  const place = jarsDir(cacheDir)
  if (existsSync(place)) return place
  const work = `${place}.${process.pid}`
  await mkdir(work, { recursive: true })
  try {
    await writeFile(join(work, 'pom.xml'), pom)
    log(`downloading Apache Kafka ${kafkaVersion} with Maven, about 45 MB, this once`)
    await runMaven(work, log)
    await rename(join(work, 'lib'), place).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(place)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return place
}

async function runMaven(work: string, log: (line: string) => void): Promise<void> {
  const goalOptions = ['-DincludeScope=runtime', `-DoutputDirectory=${join(work, 'lib')}`]
  const maven = spawn('mvn', ['-B', '-Dstyle.color=never', '-f', join(work, 'pom.xml'), copyGoal, ...goalOptions], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lastLines: string[] = []
  for await (const line of createInterface({ input: maven.stdout })) {
    const jar = /^Downloaded .*\/([^/]+\.jar) /.exec(line.replace(/^\[INFO\] /, ''))?.[1]
    if (jar) log(`  ${jar}`)
    lastLines.push(line)
    if (lastLines.length > 15) lastLines.shift()
  }
  const code = maven.exitCode ?? (await new Promise(resolve => maven.once('close', resolve)))
  if (code !== 0) throw new Error(`Maven could not download Kafka:\n${lastLines.join('\n')}`)
}

/**
 * slf4j-simple gives the broker a voice: without it Kafka says nothing at all when it cannot start. The tools hold the console
 * consumer, by which tests see what the Java client reads.
 */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>kafka-broker</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${kafkaVersion}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`
