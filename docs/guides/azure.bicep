// What `storage: azure` needs: an account, a database, a container, and the right to read and write for who uses it.
//
//     az deployment group create -g GROUP -f azure.bicep -p accountName=NAME principalIds='["OBJECT ID", ...]'

@description('The name of the account; unique in all of Azure.')
param accountName string
param location string = resourceGroup().location
param databaseName string = 'alma'
param containerName string = 'memories'

@description('As many as the embedding model has; 384 is the default model.')
param dimensions int = 384

@description('The object ids of the users, groups or identities that may synchronise.')
param principalIds array = []

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' = {
  name: accountName
  location: location
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0 }]
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    capabilities: [{ name: 'EnableServerless' }, { name: 'EnableNoSQLVectorSearch' }]
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15' = {
  parent: account
  name: databaseName
  properties: { resource: { id: databaseName } }
}

resource container 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15' = {
  parent: database
  name: containerName
  properties: {
    resource: {
      id: containerName
      partitionKey: { paths: ['/project_id', '/agent'], kind: 'MultiHash', version: 2 }
      indexingPolicy: {
        indexingMode: 'consistent'
        automatic: true
        includedPaths: [
          // generated: paths
          { path: '/kind/?' }
          { path: '/deleted_at/?' }
          { path: '/archived/?' }
          { path: '/target/?' }
          { path: '/pattern/?' }
          { path: '/why_bad/?' }
          { path: '/better_alternative/?' }
          { path: '/condition/?' }
          { path: '/strategy/?' }
          { path: '/preference/?' }
          { path: '/category/?' }
          { path: '/source/?' }
          { path: '/fact/?' }
          { path: '/task/?' }
          { path: '/when/?' }
          { path: '/do/?' }
          { path: '/feedback/?' }
          { path: '/error/?' }
          { path: '/earlier_words/?' }
          // end: paths
        ]
        excludedPaths: [{ path: '/*' }, { path: '/embedding/*' }]
        vectorIndexes: [{ path: '/embedding', type: 'quantizedFlat' }]
      }
      vectorEmbeddingPolicy: {
        vectorEmbeddings: [
          { path: '/embedding', dataType: 'float32', distanceFunction: 'cosine', dimensions: dimensions }
        ]
      }
    }
  }
}

// Cosmos DB Built-in Data Contributor: reads and writes data, and makes no database or container.
resource contributors 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = [
  for id in principalIds: {
    parent: account
    name: guid(account.id, id, 'alma')
    properties: {
      principalId: id
      roleDefinitionId: '${account.id}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002'
      scope: account.id
    }
  }
]

output endpoint string = account.properties.documentEndpoint
